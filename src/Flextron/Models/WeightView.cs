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

    /// <summary>Token embedding, always whole.</summary>
    public required Tensor Embedding_VC { get; init; }

    /// <summary>The blocks, sliced.</summary>
    public required IReadOnlyList<BlockView> Blocks { get; init; }

    /// <summary>Final norm weight.</summary>
    public required Tensor FinalNorm_C { get; init; }

    /// <summary>Output head; the embedding itself where tied.</summary>
    public required Tensor Head_VC { get; init; }

    /// <summary>Slices for inference. Nothing is copied.</summary>
    /// <exception cref="FlextronException">The sub-network does not fit the model.</exception>
    public static WeightView Of(DecoderWeights weights, SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return Build(weights, subNetwork, (tensor, rows, keep) => keep(tensor.narrow(0, 0, rows)));
    }

    /// <summary>Slices for training: leaves that share storage with <paramref name="weights"/> and accumulate into <paramref name="gradients"/>.</summary>
    /// <param name="weights">The shared weights.</param>
    /// <param name="gradients">Zeroed weights of the same shape that hold the gradient.</param>
    /// <param name="subNetwork">Which slice.</param>
    public static WeightView Trainable(DecoderWeights weights, DecoderWeights gradients, SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(gradients);
        Dictionary<IntPtr, Tensor> gradientOf = weights.Named().Zip(gradients.Named()).ToDictionary(p => p.First.Tensor.Handle, p => p.Second.Tensor);
        return Build(weights, subNetwork, (tensor, rows, keep) =>
        {
            using Tensor gradient = gradientOf[tensor.Handle].narrow(0, 0, rows);
            using Tensor slice = tensor.narrow(0, 0, rows);
            Tensor leaf = keep(slice.detach().requires_grad_(true));
            leaf.grad = gradient;
            return leaf;
        });
    }

    private static WeightView Build(DecoderWeights weights, SubNetwork subNetwork, Func<Tensor, long, Func<Tensor, Tensor>, Tensor> slice)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        ModelConfig config = weights.Config;
        subNetwork.ValidatedFor(config);
        var kept = new List<Tensor>();
        Tensor Keep(Tensor t)
        {
            t.DetachFromDisposeScope();
            kept.Add(t);
            return t;
        }

        Tensor Slice(Tensor tensor, long rows) => slice(tensor, rows, Keep);
        Tensor embedding = Slice(weights.Embedding_VC, config.VocabularySize);
        var view = new WeightView(subNetwork)
        {
            Embedding_VC = embedding,
            Blocks = weights.Blocks.Zip(subNetwork.Blocks, (full, shape) => BlockView.Slice(config, full, shape, Slice)).ToArray(),
            FinalNorm_C = Slice(weights.FinalNorm_C, config.HiddenSize),
            Head_VC = config.TiedEmbeddings ? embedding : Slice(weights.Head_VC, config.VocabularySize),
        };
        view.owned.AddRange(kept);
        return view;
    }

    /// <summary>Releases the views (not the shared weights).</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in owned) tensor.Dispose();
        owned.Clear();
    }
}
