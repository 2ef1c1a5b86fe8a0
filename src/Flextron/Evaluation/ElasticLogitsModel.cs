using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Evaluation;

/// <summary>A sub-network as scoring sees it; the head runs only where a token is scored.</summary>
/// <param name="model">The model.</param>
/// <param name="subNetwork">Which slice; the whole network where null.</param>
public sealed class ElasticLogitsModel(DecoderModel model, SubNetwork? subNetwork = null) : ILogitsModel
{
    private readonly SubNetwork network = (subNetwork ?? model.FullNetwork).ValidatedFor(model.Config);

    /// <inheritdoc/>
    public int VocabularySize => model.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => model.Config.ContextLength;

    /// <inheritdoc/>
    public bool PicksPositions => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor ids_BT)
    {
        ArgumentNullException.ThrowIfNull(ids_BT);
        using var scope = NewDisposeScope();
        return model.Forward(ids_BT.to(model.Device), network).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor ForwardAt(Tensor ids_BT, Tensor positions_N)
    {
        ArgumentNullException.ThrowIfNull(ids_BT);
        ArgumentNullException.ThrowIfNull(positions_N);
        using var scope = NewDisposeScope();
        WeightView view = model.View(network);
        Tensor hidden_NC = model.Hidden(view, ids_BT.to(model.Device)).flatten(0, 1).index_select(0, positions_N.to(model.Device));
        return model.Logits(view, hidden_NC).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}
