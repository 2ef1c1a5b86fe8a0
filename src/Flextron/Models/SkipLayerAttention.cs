namespace Flextron.Models;

/// <summary>
/// Skip-layer attention (Chen et al., arXiv 2406.11274): the heads of the last key/value groups of a block attend to the keys and values of an earlier block
/// as well as to their own, in one softmax over both.
/// </summary>
/// <remarks>In a sub-network a block attends to an earlier one only where that keeps at least as many groups; to itself alone where it does not.</remarks>
/// <param name="Distance">How many blocks earlier; blocks that have none so early attend as usual.</param>
/// <param name="Groups">How many groups of every block, the last ones in order.</param>
public sealed record SkipLayerAttention(int Distance, int Groups)
{
    /// <summary>The same of a network that keeps its first groups; null where none of these groups is among them.</summary>
    internal SkipLayerAttention? Kept(int groups, int all) => Groups - (all - groups) is > 0 and var kept ? this with { Groups = kept } : null;
}
