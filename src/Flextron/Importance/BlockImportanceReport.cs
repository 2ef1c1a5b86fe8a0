namespace Flextron.Importance;

/// <summary>What is to be known about one block's scores before relying on them.</summary>
/// <param name="Block">Its index.</param>
/// <param name="Heads">Spread of the head scores.</param>
/// <param name="Neurons">Spread of the neuron scores of every variant.</param>
/// <param name="Variants">Rank correlation of every two variants.</param>
/// <param name="HeadsAcrossSubsets">Mean rank correlation of head scores between calibration subsets; null with one subset or head.</param>
/// <param name="NeuronsAcrossSubsets">The same for neurons, of every variant.</param>
public sealed record BlockImportanceReport(
    int Block,
    ScoreSpread Heads,
    IReadOnlyDictionary<NeuronMetric, ScoreSpread> Neurons,
    IReadOnlyList<VariantAgreement> Variants,
    double? HeadsAcrossSubsets,
    IReadOnlyDictionary<NeuronMetric, double?> NeuronsAcrossSubsets);
