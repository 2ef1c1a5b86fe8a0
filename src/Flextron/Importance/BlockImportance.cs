namespace Flextron.Importance;

/// <summary>Scores of one block, in the model's own order; larger means more important.</summary>
/// <param name="Heads">L head scores: the sum over tokens of the L1 norm of the head's output.</param>
/// <param name="KvGroups">G group scores: the sum of their heads' scores.</param>
/// <param name="Neurons">D neuron scores.</param>
public sealed record BlockImportance(IReadOnlyList<double> Heads, IReadOnlyList<double> KvGroups, IReadOnlyList<double> Neurons);
