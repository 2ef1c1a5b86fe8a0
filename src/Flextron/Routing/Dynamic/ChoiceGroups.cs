namespace Flextron.Routing.Dynamic;

/// <summary>
/// A layer's tokens sorted by choice, once: gathered in this order every choice's tokens lie together, a view of a few rows, and one more gathering brings
/// the results back.
/// </summary>
internal sealed class ChoiceGroups
{
    private ChoiceGroups(IReadOnlyList<(int Choice, int First, int Count)> groups, long[] order_N, long[] place_N) =>
        (Groups, Order_N, Place_N) = (groups, order_N, place_N);

    /// <summary>Each choice that any token takes, with its rows in the sorted order.</summary>
    public IReadOnlyList<(int Choice, int First, int Count)> Groups { get; }

    /// <summary>Token of each sorted row; within a choice ascending.</summary>
    public long[] Order_N { get; }

    /// <summary>Sorted row of each token.</summary>
    public long[] Place_N { get; }

    /// <summary>Sorts, in one pass over the tokens.</summary>
    /// <param name="choice_N">Choice index of each token.</param>
    /// <param name="choices">K.</param>
    public static ChoiceGroups Of(ReadOnlySpan<int> choice_N, int choices)
    {
        int[] next = new int[choices];
        foreach (int k in choice_N) next[k]++;
        var groups = new List<(int, int, int)>();
        for (int k = 0, at = 0; k < choices; k++)
        {
            int count = next[k];
            next[k] = at;
            if (count > 0) groups.Add((k, at, count));
            at += count;
        }
        long[] order_N = new long[choice_N.Length], place_N = new long[choice_N.Length];
        for (int t = 0; t < choice_N.Length; t++)
        {
            int at = next[choice_N[t]]++;
            (order_N[at], place_N[t]) = (t, at);
        }
        return new ChoiceGroups(groups, order_N, place_N);
    }
}
