using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Mixers;

/// <summary>
/// Gated linear attention (Yang et al., arXiv 2312.06635, section 4.4): every key channel's decay is σ(x·Wdown·Wup + b)^(1/16), a function of the token.
/// </summary>
internal sealed class GatedLinearAttention : LinearMixer
{
    // The root that keeps decays near 1 whatever the projection gives.
    private const double Temperature = 16;

    private static readonly MixerTensor Down = new("decayDown", MixerAxis.Rank, MixerAxis.Channels), Up = new("decayUp", MixerAxis.KeyRows, MixerAxis.Rank), Bias = new("decayBias", MixerAxis.KeyRows);

    public override IReadOnlyList<MixerTensor> Tensors { get; } = [.. Common, Down, Up, Bias];

    public override void Initialise(MixerTensor tensor, Tensor values, double scale, Generator generator)
    {
        if (tensor == Bias) values.zero_();
        else base.Initialise(tensor, values, scale, generator);
    }

    private protected override MixerDrive Drive(MixerWeights weights, MixerShape shape, Tensor x_BTC)
    {
        Tensor raw_BTK = functional.linear(functional.linear(x_BTC, weights[Down.Name]), weights[Up.Name], weights[Bias.Name]);
        return new(functional.logsigmoid(raw_BTK).div(Temperature).unflatten(2, shape.Groups, shape.HeadSize).transpose(1, 2));
    }
}
