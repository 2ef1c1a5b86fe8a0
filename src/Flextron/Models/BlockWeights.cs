using Flextron.Mixers;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// One block's tensors, laid out so that the elastic axis comes first everywhere: a sub-network's slice is a contiguous prefix of rows.
/// The output projection and the MLP's down projection are therefore stored transposed with respect to the usual checkpoints.
/// </summary>
/// <param name="AttentionNorm_C">RMS norm weight before attention.</param>
/// <param name="Query_QC">Query projection, rows ordered by head; heads of one key/value group stand together.</param>
/// <param name="Key_KC">Key projection, rows ordered by group. Rotary pairs are (i, i + H/2): the rotate-half layout.</param>
/// <param name="Value_KC">Value projection, rows ordered by group.</param>
/// <param name="Output_QC">Transposed output projection: row r is what element r of the concatenated heads adds to the residual.</param>
/// <param name="MlpNorm_C">RMS norm weight before the MLP.</param>
/// <param name="Gate_DC">Gate projection of the gated MLP.</param>
/// <param name="Up_DC">Up projection.</param>
/// <param name="Down_DC">Transposed down projection: row r is what neuron r adds to the residual.</param>
public sealed record BlockWeights(
    Tensor AttentionNorm_C,
    Tensor Query_QC,
    Tensor Key_KC,
    Tensor Value_KC,
    Tensor Output_QC,
    Tensor MlpNorm_C,
    Tensor Gate_DC,
    Tensor Up_DC,
    Tensor Down_DC)
{
    /// <summary>What a linear mixer in attention's place has beyond the four projections; null where the block attends.</summary>
    public MixerWeights? Mixer { get; init; }

    /// <summary>The tensors with their short names, in storage order.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Named()
    {
        yield return ("attentionNorm", AttentionNorm_C);
        yield return ("query", Query_QC);
        yield return ("key", Key_KC);
        yield return ("value", Value_KC);
        yield return ("output", Output_QC);
        yield return ("mlpNorm", MlpNorm_C);
        yield return ("gate", Gate_DC);
        yield return ("up", Up_DC);
        yield return ("down", Down_DC);
        if (Mixer is null) yield break;
        foreach ((string name, Tensor tensor) in Mixer.Named()) yield return ($"mixer.{name}", tensor);
    }
}
