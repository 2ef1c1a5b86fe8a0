using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Mixers;

/// <summary>Multi-scale retention (Sun et al., RetNet, arXiv 2307.08621, section 2): every group forgets at a rate of its own, which is not trained.</summary>
/// <remarks>Its decays are kept as a tensor, so that a slice of groups has the rates of these groups.</remarks>
internal sealed class Retention : LinearMixer
{
    private static readonly MixerTensor Decay = new("logDecay", MixerAxis.Groups);

    public override IReadOnlyList<MixerTensor> Tensors { get; } = [.. Common, Decay];

    public override bool Rotates => true;

    public override void Initialise(MixerTensor tensor, Tensor values, double scale, Generator generator)
    {
        if (tensor != Decay)
        {
            base.Initialise(tensor, values, scale, generator);
            return;
        }
        // γ from 1 − 1/32 to 1 − 1/512, evenly in the logarithm of what is forgotten.
        using var scope = NewDisposeScope();
        values.copy_(linspace(Math.Log(1.0 / 32), Math.Log(1.0 / 512), values.size(0), ScalarType.Float64).exp().neg().log1p());
    }

    private protected override MixerDrive Drive(MixerWeights weights, MixerShape shape, Tensor x_BTC) =>
        new(weights[Decay.Name].detach().view(1, -1, 1, 1).expand(x_BTC.size(0), shape.Groups, x_BTC.size(1), 1));
}
