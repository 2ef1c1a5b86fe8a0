namespace Flextron.Tests.Reference;

/// <summary>What one block keeps: its first KV groups, with their query heads, and its first neurons; the rest is computed and then zeroed.</summary>
internal readonly record struct NaiveMask(int KvGroups, int Neurons);
