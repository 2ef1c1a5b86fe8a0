namespace Flextron.Importance;

/// <summary>A new order of one block's groups and neurons: position i takes what stood at the given index.</summary>
/// <param name="KvGroups">A permutation of 0 … G − 1.</param>
/// <param name="Neurons">A permutation of 0 … D − 1.</param>
public sealed record BlockOrder(IReadOnlyList<int> KvGroups, IReadOnlyList<int> Neurons);
