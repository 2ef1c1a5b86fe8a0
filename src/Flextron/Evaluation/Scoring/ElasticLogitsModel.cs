using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Evaluation.Scoring;

/// <summary>A sub-network as scoring sees it. Batches with the same prefix, one after another, compute it once.</summary>
/// <param name="model">The model; the weights must not change between two batches.</param>
/// <param name="subNetwork">Which slice; the whole network where null.</param>
public sealed class ElasticLogitsModel(DecoderModel model, SubNetwork? subNetwork = null) : ILogitsModel, IDisposable
{
    // Up to this size a batch's operations are too short to share among threads: batches side by side were a third faster.
    private const long SmallModel = 64_000_000;

    private readonly SubNetwork network = (subNetwork ?? model.FullNetwork).ValidatedFor(model.Config);
    private int[] heldPrefix = [];
    private KvCache? held;

    /// <summary>Which slice.</summary>
    public SubNetwork Network => network;

    /// <inheritdoc/>
    public int VocabularySize => model.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => model.Config.ContextLength;

    /// <inheritdoc/>
    public int Workers => model.Device.type == DeviceType.CPU && model.Weights.Flat.numel() <= SmallModel ? get_num_threads() : 1;

    /// <inheritdoc/>
    public ILogitsModel ForThread() => new ElasticLogitsModel(model, network);

    /// <inheritdoc/>
    public Tensor Hidden(TokenTrees trees)
    {
        ArgumentNullException.ThrowIfNull(trees);
        using var scope = NewDisposeScope();
        WeightView view = model.View(network);
        return model.HiddenAt(view, trees, Prefix(view, trees.Prefix)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor hidden_NC)
    {
        using var scope = NewDisposeScope();
        return model.Logits(model.View(network), hidden_NC).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Forgets the prefix.</summary>
    public void Dispose()
    {
        held?.Dispose();
        (held, heldPrefix) = (null, []);
    }

    private KvCache? Prefix(WeightView view, int[] ids)
    {
        if (ids.AsSpan().SequenceEqual(heldPrefix)) return held;
        Dispose();
        if (ids.Length == 0) return null;
        held = model.NewCache(network, 1, ids.Length);
        heldPrefix = ids;
        model.Hidden(view, tensor(Array.ConvertAll(ids, id => (long)id), 1, ids.Length, dtype: ScalarType.Int64).to(model.Device), held);
        return held;
    }
}
