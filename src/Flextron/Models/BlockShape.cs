namespace Flextron.Models;

/// <summary>What one block keeps: its first <paramref name="KvGroups"/> key/value groups with their query heads, and its first <paramref name="Neurons"/> neurons.</summary>
/// <param name="KvGroups">Kept key/value groups, 1 … G.</param>
/// <param name="Neurons">Kept MLP neurons, 1 … D.</param>
public readonly record struct BlockShape(int KvGroups, int Neurons);
