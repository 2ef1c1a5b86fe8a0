using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Mixers;

/// <summary>
/// The state-space mixer of Mamba-2 in its dual form (Dao and Gu, arXiv 2405.21060, sections 5 to 7): query, key and value are C, B and x, each behind a
/// short causal filter; a step size Δ a token and group discretises the state, exp(−Δ·rate) being the decay and Δ the scale of what is taken in.
/// Heads are grouped as the attention they replace was, and normed one by one, so that a prefix of groups is a smaller mixer.
/// </summary>
internal sealed class StateSpaceMixer : LinearMixer
{
    private static readonly MixerTensor Step = new("step", MixerAxis.Groups, MixerAxis.Channels), StepBias = new("stepBias", MixerAxis.Groups), LogRate = new("logRate", MixerAxis.Groups),
        Skip = new("skip", MixerAxis.Heads);

    private static readonly MixerTensor[] Filters =
    [
        new("queryFilter", MixerAxis.QueryRows, MixerAxis.Taps), new("keyFilter", MixerAxis.KeyRows, MixerAxis.Taps), new("valueFilter", MixerAxis.KeyRows, MixerAxis.Taps),
    ];

    public override IReadOnlyList<MixerTensor> Tensors { get; } = [.. Common, Step, StepBias, LogRate, Skip, .. Filters];

    public override long StateBytes(MixerShape shape, int bytesPerElement) => base.StateBytes(shape, bytesPerElement)
        + bytesPerElement * (MixerShape.FilterTaps - 1L) * (shape.Size(MixerAxis.QueryRows, 0) + 2 * shape.Size(MixerAxis.KeyRows, 0));

    public override void Initialise(MixerTensor tensor, Tensor values, double scale, Generator generator)
    {
        if (Filters.Contains(tensor))
        {
            double bound = 1 / Math.Sqrt(MixerShape.FilterTaps);
            values.uniform_(-bound, bound, generator);
        }
        else if (tensor == StepBias)
        {
            // softplus(bias) is log-uniform between 0.001 and 0.1.
            values.uniform_(Math.Log(1e-3), Math.Log(1e-1), generator);
            values.exp_();
            using Tensor inverse = values.expm1();
            values.copy_(inverse.log_());
        }
        else if (tensor == LogRate)
        {
            values.uniform_(1, 16, generator);
            values.log_();
        }
        else
        {
            base.Initialise(tensor, values, scale, generator);
        }
    }

    private protected override (Tensor, Tensor, Tensor) Streams(MixerProjections projections, MixerWeights weights, Tensor x_BTC, MixerState? state)
    {
        (Tensor query, Tensor key, Tensor value) = base.Streams(projections, weights, x_BTC, state);
        return (Filtered(query, weights, 0, state), Filtered(key, weights, 1, state), Filtered(value, weights, 2, state));
    }

    private protected override MixerDrive Drive(MixerWeights weights, MixerShape shape, Tensor x_BTC)
    {
        Tensor step_BGT1 = functional.softplus(functional.linear(x_BTC, weights[Step.Name], weights[StepBias.Name]), 1, 20).transpose(1, 2).unsqueeze(-1);
        return new(-step_BGT1 * weights[LogRate.Name].exp().view(1, -1, 1, 1), step_BGT1);
    }

    private protected override Tensor Bypass(MixerWeights weights, Tensor output_BGRTH, Tensor value_BGTH) =>
        output_BGRTH + weights[Skip.Name].view(1, output_BGRTH.size(1), output_BGRTH.size(2), 1, 1) * value_BGTH.unsqueeze(2);

    private protected override Tensor Gate(Tensor heads_BTLH, Tensor gate_BTLH, Func<Tensor, Tensor> norm) => norm(heads_BTLH * gate_BTLH);

    // A depthwise causal convolution: the last tap sees the token itself. As shifted products, which differentiate and cut like everything else.
    private static Tensor Filtered(Tensor x_BTQ, MixerWeights weights, int stream, MixerState? state)
    {
        Tensor filter_QW = weights[Filters[stream].Name];
        long time = x_BTQ.size(1), past = MixerShape.FilterTaps - 1;
        Tensor tail_BPQ = state?.Tail(stream) ?? zeros([x_BTQ.size(0), past, x_BTQ.size(2)], x_BTQ.dtype, x_BTQ.device);
        Tensor all_BSQ = cat([tail_BPQ, x_BTQ], 1);
        state?.KeepTail(stream, all_BSQ.narrow(1, time, past));
        Tensor sum_BTQ = all_BSQ.narrow(1, 0, time) * filter_QW.select(1, 0);
        for (int tap = 1; tap < MixerShape.FilterTaps; tap++) sum_BTQ = sum_BTQ + all_BSQ.narrow(1, tap, time) * filter_QW.select(1, tap);
        return functional.silu(sum_BTQ);
    }
}
