using Flextron.Mixers;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Mixers;

/// <summary>Small models of every mixer with random weights.</summary>
internal static class RandomMixers
{
    public static readonly MixerKind[] Kinds = [MixerKind.Retention, MixerKind.GatedLinear, MixerKind.StateSpace];

    public static TheoryData<MixerKind> EveryKind() => [.. Kinds];

    /// <summary>Three blocks of two groups of two heads.</summary>
    public static ModelConfig Config(params MixerKind[] kinds) => new ModelConfig
    {
        Family = "llama", VocabularySize = 29, HiddenSize = 12, BlockCount = kinds.Length, HeadCount = 4, KvGroupCount = 2, HeadSize = 4, NeuronCount = 10, ContextLength = 64,
        TiedEmbeddings = true, Mixers = kinds.All(k => k == MixerKind.Attention) ? null : new MixerPattern([.. kinds]),
    }.Validated("The test's model");

    /// <summary>Every kind in a row, attention first.</summary>
    public static ModelConfig Hybrid() => Config([MixerKind.Attention, .. Kinds]);

    public static DecoderWeights Weights(ModelConfig config, int seed, ScalarType dtype = ScalarType.Float32)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        using DecoderWeights wide = DecoderWeights.Allocate(config, ScalarType.Float64);
        foreach ((string name, Tensor tensor) in wide.Named())
        {
            if (tensor.dim() > 1) tensor.normal_(0, 1.3 / Math.Sqrt(tensor.size(1)), generator);
            else tensor.normal_(1, 0.3, generator);
        }
        foreach (MixerWeights mixer in wide.Blocks.Select(b => b.Mixer).OfType<MixerWeights>())
        {
            foreach ((MixerTensor known, Tensor tensor) in LinearMixer.Of(mixer.Kind).Tensors.Zip(mixer.Tensors))
                if (known.Name is "logDecay" or "stepBias" or "logRate") LinearMixer.Of(mixer.Kind).Initialise(known, tensor, 1, generator);
        }
        return wide.Clone(dtype);
    }
}
