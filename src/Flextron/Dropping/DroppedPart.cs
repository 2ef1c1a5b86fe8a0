using Flextron.Models;

namespace Flextron.Dropping;

/// <summary>Something that is left out.</summary>
/// <param name="Block">Index of the block.</param>
/// <param name="Part">Which half of it; null for both.</param>
/// <param name="Similarity">Mean cosine similarity of what stands before and behind it.</param>
public sealed record DroppedPart(int Block, BlockPart? Part, double Similarity);
