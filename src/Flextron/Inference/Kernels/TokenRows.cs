namespace Flextron.Inference.Kernels;

/// <summary>
/// How many leading rows of a stored matrix each token of a block uses, and which row of the result is its own. Tokens stand in the order of what
/// they use, most first, so that those that use a row are always the first ones.
/// </summary>
/// <param name="kept">Units that each token uses, never growing.</param>
/// <param name="targets">Each token's row of the result.</param>
/// <param name="count">Tokens.</param>
/// <param name="unit">Rows of a unit.</param>
internal readonly unsafe struct TokenRows(int* kept, int* targets, int count, int unit)
{
    /// <summary>Tokens.</summary>
    public int Count => count;

    /// <summary>Rows that any token uses.</summary>
    public int Most => count == 0 ? 0 : kept[0] * unit;

    /// <summary>Rows that a token uses.</summary>
    public int Rows(int token) => kept[token] * unit;

    /// <summary>A token's row of the result.</summary>
    public int Target(int token) => targets[token];

    /// <summary>Tokens that use a row.</summary>
    public int Using(int row)
    {
        int tokens = count;
        while (tokens > 0 && kept[tokens - 1] * unit <= row) tokens--;
        return tokens;
    }
}
