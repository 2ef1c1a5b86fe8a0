namespace Flextron.Models;

/// <summary>
/// A batch of rows that are trees of tokens rather than sequences: continuations of one beginning stand side by side behind it, see it, and do
/// not see each other (tree attention, as in SpecInfer, arXiv 2305.09781). A row lists its tokens in preorder, so what descends from a token is the
/// range that follows it; a sequence is the tree without branches. Plain data, so that one batch serves many sub-networks.
/// </summary>
/// <remarks>B rows, T tokens of the longest row, N picked tokens, P tokens of the common prefix.</remarks>
public sealed class TokenTrees
{
    /// <summary>Wraps the arrays; nobody writes to them afterwards.</summary>
    /// <param name="prefix">P ids that stand before every row; may be empty.</param>
    /// <param name="lengths">B: tokens of each row.</param>
    /// <param name="ids">B·T ids, row after row; shorter rows are filled up with any valid id.</param>
    /// <param name="depths">B·T: how many tokens of its row stand above a token; 0 for one that fills up.</param>
    /// <param name="ends">B·T: place in its row just behind a token's last descendant; a token that fills up ends behind itself.</param>
    /// <param name="picks">N places b·T + t whose output is wanted, ascending.</param>
    public TokenTrees(int[] prefix, int[] lengths, long[] ids, int[] depths, int[] ends, int[] picks)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(depths);
        ArgumentNullException.ThrowIfNull(ends);
        ArgumentNullException.ThrowIfNull(picks);
        (Prefix, Lengths, Ids, Depths, Ends, Picks) = (prefix, lengths, ids, depths, ends, picks);
        Length = lengths.Max();
        if (ids.Length != Rows * Length || depths.Length != ids.Length || ends.Length != ids.Length)
            throw new ArgumentException($"{Rows} rows of {Length} tokens need as many ids, depths and ends, not {ids.Length}, {depths.Length} and {ends.Length}.");
        if (picks.Length == 0) throw new ArgumentException("Nothing is picked, so there is nothing to compute.", nameof(picks));
        Depth = prefix.Length + depths.Max() + 1;
        for (int row = 0; row < Rows; row++)
            for (int t = 0; t < lengths[row]; t++) IsBranching |= depths[row * Length + t] != t;
    }

    /// <summary>Ids before every row.</summary>
    public int[] Prefix { get; }

    /// <summary>Tokens of each row.</summary>
    public int[] Lengths { get; }

    /// <summary>B.</summary>
    public int Rows => Lengths.Length;

    /// <summary>T.</summary>
    public int Length { get; }

    /// <summary>Ids, B·T.</summary>
    public long[] Ids { get; }

    /// <summary>Tokens above each within its row, B·T.</summary>
    public int[] Depths { get; }

    /// <summary>Place behind each token's last descendant, B·T.</summary>
    public int[] Ends { get; }

    /// <summary>Picked places, N.</summary>
    public int[] Picks { get; }

    /// <summary>Tokens on the longest path, the prefix included: what must fit the model's context.</summary>
    public int Depth { get; }

    /// <summary>Whether any row is more than a sequence.</summary>
    public bool IsBranching { get; }

    /// <summary>The ids on the path to a place, prefix and the token itself included: all that the token sees.</summary>
    public long[] Path(int place)
    {
        int row = place / Length * Length, at = place - row;
        var path = new List<long>(Prefix.Length + Depths[place] + 1);
        foreach (int id in Prefix) path.Add(id);
        for (int t = 0; t <= at; t++)
            if (at < Ends[row + t]) path.Add(Ids[row + t]);
        return [.. path];
    }
}
