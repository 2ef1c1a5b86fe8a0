using static TorchSharp.torch;

namespace Flextron.Mixers;

/// <summary>A mixer's own tensors, in the order of <see cref="LinearMixer.Tensors"/>; the elastic axis comes first, as everywhere.</summary>
/// <param name="Kind">Whose they are.</param>
/// <param name="Tensors">The tensors.</param>
public sealed record MixerWeights(MixerKind Kind, IReadOnlyList<Tensor> Tensors)
{
    /// <summary>A tensor by the name that its mixer gives it.</summary>
    public Tensor this[string name]
    {
        get
        {
            IReadOnlyList<MixerTensor> known = LinearMixer.Of(Kind).Tensors;
            for (int i = 0; i < known.Count; i++)
                if (known[i].Name == name) return Tensors[i];
            throw new ArgumentException($"A mixer of kind {Kind} has no tensor '{name}'.", nameof(name));
        }
    }

    /// <summary>The tensors with their names, in storage order.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Named() => LinearMixer.Of(Kind).Tensors.Select((t, i) => (t.Name, Tensors[i]));
}
