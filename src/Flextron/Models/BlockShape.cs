namespace Flextron.Models;

/// <summary>
/// What one block keeps: its first <paramref name="KvGroups"/> key/value groups with their query heads, and its first <paramref name="Neurons"/>
/// neurons. A part that keeps nothing is skipped, its norm included: the residual stream passes by.
/// </summary>
/// <param name="KvGroups">Kept key/value groups, 0 … G.</param>
/// <param name="Neurons">Kept MLP neurons, 0 … D.</param>
public readonly record struct BlockShape(int KvGroups, int Neurons)
{
    /// <summary>A block that is passed by altogether.</summary>
    public static BlockShape Skipped => default;

    /// <summary>Whether anything of the block is computed.</summary>
    internal bool IsKept => KvGroups > 0 || Neurons > 0;
}
