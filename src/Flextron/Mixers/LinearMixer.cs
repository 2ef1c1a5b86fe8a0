using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Mixers;

/// <summary>
/// A sequence mixer of constant cost per token, in attention's place: queries, keys and values as attention has them, a <see cref="LinearRecurrence"/> in
/// place of the softmax, then a norm per head, a gate, and the output projection. Heads are independent of each other up to the output, so that a
/// prefix of groups is the mixer of a smaller model.
/// </summary>
public abstract class LinearMixer
{
    /// <summary>Names of the tensors that every mixer has: the output gate and the weight of the norm of every head's output.</summary>
    public const string GateName = "gate", NormName = "norm";

    private protected static readonly MixerTensor[] Common = [new(GateName, MixerAxis.QueryRows, MixerAxis.Channels), new(NormName, MixerAxis.QueryRows)];

    // Behind what their constructors use.
    private static readonly LinearMixer Retention = new Retention(), Gated = new GatedLinearAttention(), StateSpace = new StateSpaceMixer();

    /// <summary>The mixer of a kind.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Attention is none of them.</exception>
    public static LinearMixer Of(MixerKind kind) => kind switch
    {
        MixerKind.Retention => Retention,
        MixerKind.GatedLinear => Gated,
        MixerKind.StateSpace => StateSpace,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no linear mixer of this kind."),
    };

    /// <summary>Its tensors beyond the shared projections, in storage order.</summary>
    public abstract IReadOnlyList<MixerTensor> Tensors { get; }

    /// <summary>Whether queries and keys are rotated by their positions.</summary>
    public virtual bool Rotates => false;

    /// <summary>Bytes of the state of one sequence; see <see cref="MixerState"/>.</summary>
    /// <param name="shape">Its heads.</param>
    /// <param name="bytesPerElement">Of the model's element type; sums are float32 always.</param>
    public virtual long StateBytes(MixerShape shape, int bytesPerElement) => 4L * shape.Groups * shape.HeadSize * shape.HeadSize;

    /// <summary>Fills a tensor of a fresh mixer.</summary>
    /// <param name="tensor">Which.</param>
    /// <param name="values">Overwritten.</param>
    /// <param name="scale">Standard deviation of matrices, times the square root of their inputs.</param>
    /// <param name="generator">Where random numbers come from.</param>
    public virtual void Initialise(MixerTensor tensor, Tensor values, double scale, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(values);
        if (tensor.Columns is null) values.fill_(1);
        else values.normal_(0, scale / Math.Sqrt(values.size(1)), generator);
    }

    /// <summary>What the mixer adds to the residual stream.</summary>
    /// <param name="projections">Shared with attention.</param>
    /// <param name="weights">Its own tensors.</param>
    /// <param name="shape">Its heads.</param>
    /// <param name="x_BTC">The residual stream after the block's norm.</param>
    /// <param name="rotate">Rotates heads_BTLH by their positions; of no meaning where <see cref="Rotates"/> is false.</param>
    /// <param name="state">What was before; it then holds what is after.</param>
    /// <param name="form">How; where null, recurrent for one token and chunked for more.</param>
    /// <param name="onHeads">Sees heads_BTLH as the output projection gets them.</param>
    /// <returns>update_BTC.</returns>
    public Tensor Mix(
        MixerProjections projections, MixerWeights weights, MixerShape shape, Tensor x_BTC, Func<Tensor, Tensor> rotate,
        MixerState? state = null, MixerForm? form = null, Action<Tensor>? onHeads = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(x_BTC);
        ArgumentNullException.ThrowIfNull(rotate);
        using var scope = NewDisposeScope();
        (int groups, int perGroup) = (shape.Groups, shape.HeadsPerGroup);
        Tensor Heads(Tensor x_BTQ, int count) => x_BTQ.unflatten(2, count, shape.HeadSize);
        Tensor Turned(Tensor x_BTLH, Tensor? norm_H)
        {
            Tensor normed_BTLH = norm_H is null ? x_BTLH : Normed(Wide(x_BTLH), shape).to(x_BTLH.dtype) * norm_H;
            return Rotates ? rotate(normed_BTLH) : normed_BTLH;
        }

        (Tensor query_BTQ, Tensor key_BTK, Tensor value_BTK) = Streams(projections, weights, x_BTC, state);
        Tensor query_BGRTH = Turned(Heads(query_BTQ, groups * perGroup), projections.QueryNorm_H).unflatten(2, groups, perGroup).permute(0, 2, 3, 1, 4);
        // Scores of keys of size H have the variance of one product, as in attention.
        Tensor key_BGTH = Turned(Heads(key_BTK, groups), projections.KeyNorm_H).transpose(1, 2) * (1 / Math.Sqrt(shape.HeadSize)), value_BGTH = Heads(value_BTK, groups).transpose(1, 2);
        MixerDrive drive = Drive(weights, shape, x_BTC);
        if (drive.KeyScale_BGT1 is { } scale_BGT1) key_BGTH = key_BGTH * scale_BGT1;
        MixerForm chosen = form ?? (x_BTC.size(1) == 1 ? MixerForm.Recurrent : MixerForm.Chunked);
        (Tensor output_BGRTH, Tensor memory_BGHH) = LinearRecurrence.Run(
            chosen, Wide(query_BGRTH), Wide(key_BGTH), Wide(value_BGTH), Wide(drive.LogDecay_BGTD), state?.Memory_BGKV);
        state?.Remember(memory_BGHH);
        Tensor heads_BTLH = Bypass(weights, output_BGRTH, Wide(value_BGTH)).permute(0, 3, 1, 2, 4).flatten(2, 3);
        Tensor gate_BTLH = functional.silu(Heads(functional.linear(x_BTC, weights[GateName]), groups * perGroup));
        heads_BTLH = Gate(heads_BTLH, gate_BTLH, x => Normed(x, shape) * weights[NormName].view(-1, shape.HeadSize)).to(x_BTC.dtype);
        onHeads?.Invoke(heads_BTLH);
        return heads_BTLH.flatten(2).matmul(projections.Output_QC).MoveToOuterDisposeScope();
    }

    /// <summary>Decays and key scales from the tokens.</summary>
    private protected abstract MixerDrive Drive(MixerWeights weights, MixerShape shape, Tensor x_BTC);

    /// <summary>Queries, keys and values before they are cut into heads.</summary>
    private protected virtual (Tensor Query_BTQ, Tensor Key_BTK, Tensor Value_BTK) Streams(MixerProjections projections, MixerWeights weights, Tensor x_BTC, MixerState? state) =>
    (
        functional.linear(x_BTC, projections.Query_QC, projections.QueryBias_Q), functional.linear(x_BTC, projections.Key_KC, projections.KeyBias_K),
        functional.linear(x_BTC, projections.Value_KC, projections.ValueBias_K));

    /// <summary>What goes past the recurrence to its output.</summary>
    private protected virtual Tensor Bypass(MixerWeights weights, Tensor output_BGRTH, Tensor value_BGTH) => output_BGRTH;

    /// <summary>Joins the heads with their gate and norm.</summary>
    private protected virtual Tensor Gate(Tensor heads_BTLH, Tensor gate_BTLH, Func<Tensor, Tensor> norm) => norm(heads_BTLH) * gate_BTLH;

    // Sums over a long past lose digits in half precision.
    private static Tensor Wide(Tensor x) => x.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;

    private static Tensor Normed(Tensor x_BTLH, MixerShape shape) => x_BTLH * ((x_BTLH * x_BTLH).mean([-1], keepdim: true) + shape.NormEpsilon).rsqrt();
}
