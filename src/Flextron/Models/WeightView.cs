using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// The weights that one sub-network uses. <see cref="Of"/> slices for inference; <see cref="Trainable"/> makes every slice a leaf whose
/// gradient is the same slice of a shared gradient buffer, so that a backward pass costs what it would cost a standalone model of that
/// size: no full-width zero tensors, no scatter, no masks.
/// </summary>
public sealed class WeightView : IDisposable
{
    private readonly List<Tensor> owned = [];

    private WeightView(SubNetwork subNetwork) => SubNetwork = subNetwork;

    /// <summary>Which sub-network this is.</summary>
    public SubNetwork SubNetwork { get; }

    /// <summary>Token embedding: every row, the kept channels.</summary>
    public required Tensor Embedding_VC { get; init; }

    /// <summary>What embeddings are multiplied by as they enter the residual stream; null: 1.</summary>
    public required double? EmbeddingFactor { get; init; }

    /// <summary>Learned positions: every row, the kept channels; null where positions are rotations.</summary>
    public required Tensor? Positions_TC { get; init; }

    /// <summary>The blocks, sliced.</summary>
    public required IReadOnlyList<BlockView> Blocks { get; init; }

    /// <summary>Final norm weight.</summary>
    public required Tensor FinalNorm_C { get; init; }

    /// <summary>Final norm bias, where the norm has one.</summary>
    public required Tensor? FinalNormBias_C { get; init; }

    /// <summary>Output head; the embedding itself where tied.</summary>
    public required Tensor Head_VC { get; init; }

    /// <summary>Slices for inference. Nothing is copied.</summary>
    /// <param name="weights">The shared weights.</param>
    /// <param name="subNetwork">Which slice.</param>
    /// <param name="slices">Where slices are shared with other views of the same weights; it must outlive the view. Where null, the view has its own.</param>
    /// <exception cref="FlextronException">The sub-network does not fit the model.</exception>
    public static WeightView Of(DecoderWeights weights, SubNetwork subNetwork, SliceCache? slices = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return slices is null
            ? Build(weights, subNetwork, (tensor, rows, columns, keep) => keep(Prefix(tensor, rows, columns)))
            : Build(weights, subNetwork, (tensor, rows, columns, _) => slices.Of(tensor, rows, columns));
    }

    /// <summary>Slices for training: leaves that share storage with <paramref name="weights"/> and accumulate into <paramref name="gradients"/>.</summary>
    /// <param name="weights">The shared weights.</param>
    /// <param name="gradients">Zeroed weights of the same shape that hold the gradient.</param>
    /// <param name="subNetwork">Which slice.</param>
    /// <param name="isFrozen">Names tensors that need no gradient.</param>
    public static WeightView Trainable(DecoderWeights weights, DecoderWeights gradients, SubNetwork subNetwork, Func<string, bool>? isFrozen = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(gradients);
        Dictionary<IntPtr, Tensor> gradientOf = weights.Named().Zip(gradients.Named()).ToDictionary(p => p.First.Tensor.Handle, p => p.Second.Tensor);
        HashSet<IntPtr> frozen = isFrozen is null ? [] : [.. weights.Named().Where(n => isFrozen(n.Name)).Select(n => n.Tensor.Handle)];
        return Build(weights, subNetwork, (tensor, rows, columns, keep) =>
        {
            using Tensor slice = Prefix(tensor, rows, columns);
            // A skipped part's tensors are empty and take no part in the computation.
            if (rows == 0 || frozen.Contains(tensor.Handle)) return keep(slice.detach());
            using Tensor gradient = Prefix(gradientOf[tensor.Handle], rows, columns);
            Tensor leaf = keep(slice.detach().requires_grad_(true));
            leaf.grad = gradient;
            return leaf;
        });
    }

    /// <summary>The slices in the order of <see cref="DecoderWeights.Named"/>; those of skipped parts are empty, and a tied head is not repeated.</summary>
    internal IEnumerable<Tensor> Each(Func<BlockView, bool> ofBlock)
    {
        yield return Embedding_VC;
        if (Positions_TC is not null) yield return Positions_TC;
        foreach (BlockView block in Blocks.Where(ofBlock))
            foreach ((_, Tensor tensor) in block.Weights.Named()) yield return tensor;
        yield return FinalNorm_C;
        if (FinalNormBias_C is not null) yield return FinalNormBias_C;
        if (!ReferenceEquals(Head_VC, Embedding_VC)) yield return Head_VC;
    }

    private static WeightView Build(DecoderWeights weights, SubNetwork subNetwork, Func<Tensor, long, long, Func<Tensor, Tensor>, Tensor> slice)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        ModelConfig config = weights.Config;
        subNetwork = subNetwork.ValidatedFor(config);
        int width = subNetwork.Width ?? config.HiddenSize;
        var kept = new List<Tensor>();
        Tensor Keep(Tensor t)
        {
            t.DetachFromDisposeScope();
            kept.Add(t);
            return t;
        }

        Tensor Slice(Tensor tensor, long rows, long columns) => slice(tensor, rows, columns, Keep);
        Tensor embedding = Slice(weights.Embedding_VC, config.VocabularySize, width);
        var view = new WeightView(subNetwork)
        {
            Embedding_VC = embedding,
            EmbeddingFactor = weights.Config.Architecture.EmbeddingFactor,
            Positions_TC = weights.Positions_TC is { } positions ? Slice(positions, config.ContextLength, width) : null,
            Blocks = weights.Blocks.Zip(subNetwork.Blocks, (full, shape) => BlockView.Slice(config, full, shape, width, Slice)).ToArray(),
            FinalNorm_C = Slice(weights.FinalNorm_C, width, 1),
            FinalNormBias_C = weights.FinalNormBias_C is { } bias ? Slice(bias, width, 1) : null,
            Head_VC = config.TiedEmbeddings ? embedding : Slice(weights.Head_VC, config.VocabularySize, width),
        };
        view.owned.AddRange(kept);
        return view;
    }

    internal static Tensor Prefix(Tensor tensor, long rows, long columns)
    {
        if (tensor.dim() == 1 || columns == tensor.size(1)) return tensor.narrow(0, 0, rows);
        using Tensor kept = tensor.narrow(0, 0, rows);
        return kept.narrow(1, 0, columns);
    }

    /// <summary>Releases the views (not the shared weights).</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in owned) tensor.Dispose();
        owned.Clear();
    }
}
