namespace Flextron.Workbench.Experiments;

/// <summary>Finds what somebody who mistyped a name most likely meant.</summary>
public static class NearestName
{
    /// <summary>The candidate with the fewest insertions, deletions, replacements and swaps of neighbours; ignores case; the first of equals.</summary>
    /// <returns>Null where there are no candidates.</returns>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        return candidates.MinBy(c => Distance(name.ToLowerInvariant(), c.ToLowerInvariant()));
    }

    /// <summary>The end of a message about an unknown name: <c>did you mean "x"? (known: x, y)</c>.</summary>
    public static string Suggest(string name, IReadOnlyCollection<string> candidates)
    {
        if (Find(name, candidates) is not { } nearest) return "nothing is known there.";
        return candidates.Count is 1 or > 12
            ? $"did you mean \"{nearest}\"?"
            : $"did you mean \"{nearest}\"? (known: {string.Join(", ", candidates)})";
    }

    /// <summary>Optimal string alignment distance: the Levenshtein distance with swaps of neighbours as one step.</summary>
    internal static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replace, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
