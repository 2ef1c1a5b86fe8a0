using static TorchSharp.torch;

namespace Flextron.Mixers;

/// <summary>The projections that a mixer shares with attention: the same shapes at the same places.</summary>
/// <param name="Query_QC">Query projection, rows by head.</param>
/// <param name="Key_KC">Key projection, rows by group.</param>
/// <param name="Value_KC">Value projection, rows by group.</param>
/// <param name="Output_QC">Transposed output projection.</param>
public readonly record struct MixerProjections(Tensor Query_QC, Tensor Key_KC, Tensor Value_KC, Tensor Output_QC);
