using static TorchSharp.torch;

namespace Flextron.Mixers;

/// <summary>The projections that a mixer shares with attention: the same shapes at the same places, with what an architecture adds to them.</summary>
/// <param name="Query_QC">Query projection, rows by head.</param>
/// <param name="Key_KC">Key projection, rows by group.</param>
/// <param name="Value_KC">Value projection, rows by group.</param>
/// <param name="Output_QC">Transposed output projection.</param>
public readonly record struct MixerProjections(Tensor Query_QC, Tensor Key_KC, Tensor Value_KC, Tensor Output_QC)
{
    /// <summary>Bias of the queries, where there is one.</summary>
    public Tensor? QueryBias_Q { get; init; }

    /// <summary>Bias of the keys.</summary>
    public Tensor? KeyBias_K { get; init; }

    /// <summary>Bias of the values.</summary>
    public Tensor? ValueBias_K { get; init; }

    /// <summary>Weight of the norm on every query head.</summary>
    public Tensor? QueryNorm_H { get; init; }

    /// <summary>Weight of the norm on every key head.</summary>
    public Tensor? KeyNorm_H { get; init; }
}
