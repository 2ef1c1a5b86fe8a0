using Flextron.Models;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>The shape of a network in the comparison.</summary>
/// <param name="HiddenSize">C.</param>
/// <param name="BlockCount">N.</param>
/// <param name="HeadCount">L.</param>
/// <param name="KvGroupCount">G.</param>
/// <param name="NeuronCount">D.</param>
public sealed record ModelSize(int HiddenSize, int BlockCount, int HeadCount, int KvGroupCount, int NeuronCount)
{
    /// <summary>What files and tables call it, such as <c>64x4</c>.</summary>
    public string Label => FormattableString.Invariant($"{HiddenSize}x{BlockCount}");

    internal ModelConfig Config(int vocabulary, int context, int? boundary) => new ModelConfig
    {
        Family = "llama", VocabularySize = vocabulary, HiddenSize = HiddenSize, BlockCount = BlockCount, HeadCount = HeadCount, KvGroupCount = KvGroupCount, HeadSize = HiddenSize / HeadCount,
        NeuronCount = NeuronCount, ContextLength = context, TiedEmbeddings = true, BosId = boundary, EosId = boundary,
    }.Validated($"The size {Label}");
}
