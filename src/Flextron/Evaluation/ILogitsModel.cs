using static TorchSharp.torch;

namespace Flextron.Evaluation;

/// <summary>
/// A causal language model as scoring sees it: ids in, logits out. Position t sees only ids at positions ≤ t, so padding on the right changes
/// nothing to its left. Shapes: B rows, T positions, N picked positions, V vocabulary.
/// </summary>
public interface ILogitsModel
{
    /// <summary>V: number of logits per position.</summary>
    int VocabularySize { get; }

    /// <summary>Longest T.</summary>
    int ContextLength { get; }

    /// <summary>Whether <see cref="ForwardAt"/> spares the other positions' logits, so that only the picked ones count against memory.</summary>
    bool PicksPositions => false;

    /// <summary>Logits of the next token at every position.</summary>
    /// <param name="ids_BT">int64 ids on the CPU; the model moves them to its own device.</param>
    /// <returns>float32 logits, B × T × V, on the model's device.</returns>
    Tensor Forward(Tensor ids_BT);

    /// <summary>
    /// Logits at chosen positions only. A model overrides this, and <see cref="PicksPositions"/>, to pick the hidden states before its output
    /// layer, which spares most of that layer's work where few positions are scored; the default computes all and picks.
    /// </summary>
    /// <param name="ids_BT">int64 ids on the CPU.</param>
    /// <param name="positions_N">int64 flat indices b·T + t on the CPU.</param>
    /// <returns>float32 logits, N × V, in the order of <paramref name="positions_N"/>.</returns>
    Tensor ForwardAt(Tensor ids_BT, Tensor positions_N)
    {
        using var scope = NewDisposeScope();
        Tensor logits_BTV = Forward(ids_BT);
        return logits_BTV.reshape(-1, VocabularySize).index_select(0, positions_N.to(logits_BTV.device)).MoveToOuterDisposeScope();
    }
}
