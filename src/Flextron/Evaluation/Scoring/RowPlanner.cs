namespace Flextron.Evaluation.Scoring;

/// <summary>
/// Decides which inputs share a row, and which beginnings are computed once for many rows, by a simple account of costs in tokens: a row of n tokens
/// behind P computed ones costs n + n·(n + P) / <see cref="ScorerSettings.AttentionLength"/>.
/// </summary>
/// <param name="inputs">In lexicographic order.</param>
/// <param name="settings">Limits.</param>
internal sealed class RowPlanner(IReadOnlyList<ScorerInput> inputs, ScorerSettings settings)
{
    /// <summary>Shorter beginnings are not worth a forward pass of their own.</summary>
    private const int ShortestPrefix = 32;

    /// <summary>What a group of its own costs beside its tokens: one more call of the model, and batches that end with the group.</summary>
    private const double GroupCost = 256;

    private readonly int[] shared = Shared(inputs, settings.SharePrefixes);

    /// <summary>All rows; those with the same prefix stand together.</summary>
    public List<ScoringRow> Plan() => settings.SharePrefixes ? Best(0, inputs.Count, ShortestPrefix).Rows : Pack(0, inputs.Count).Rows;

    /// <summary>Tokens that an input shares with the one before it.</summary>
    public int SharedWithPrevious(int input) => shared[input];

    private static int[] Shared(IReadOnlyList<ScorerInput> inputs, bool share)
    {
        var shared = new int[inputs.Count];
        for (int i = 1; share && i < shared.Length; i++) shared[i] = inputs[i].CommonPrefix(inputs[i - 1]);
        return shared;
    }

    // The cheapest rows of a range, if prefixes of at least `shortest` tokens are considered. Each level doubles that, so the work is n·log(length).
    private (double Cost, List<ScoringRow> Rows) Best(int from, int to, int shortest)
    {
        double cost = 0;
        var rows = new List<ScoringRow>();
        void Add((double Cost, List<ScoringRow> Rows) part)
        {
            cost += part.Cost;
            rows.AddRange(part.Rows);
        }

        int plain = from;
        for (int i = from; i < to;)
        {
            int end = i + 1, common = inputs[i].Length - inputs[i].Scored;
            for (; end < to && shared[end] >= shortest; end++)
                common = Math.Min(Math.Min(common, shared[end]), inputs[end].Length - inputs[end].Scored);
            if (end - i > 1)
            {
                (double Cost, List<ScoringRow> Rows) best = Best(i, end, 2 * shortest);
                if (common >= shortest)
                {
                    (double Cost, List<ScoringRow> Rows) grouped = Pack(i, end, i + 1, common);
                    grouped.Cost += GroupCost + RowCost(common, 0);
                    if (grouped.Cost < best.Cost) best = grouped;
                }
                Add(Pack(plain, i));
                Add(best);
                plain = end;
            }
            i = end;
        }
        Add(Pack(plain, to));
        return (cost, rows);
    }

    // Rows of successive inputs: one more joins while that is cheaper than a row of its own.
    private (double Cost, List<ScoringRow> Rows) Pack(int from, int to, int group = 0, int prefix = 0)
    {
        double cost = 0;
        var rows = new List<ScoringRow>();
        for (int i = from; i < to;)
        {
            int start = i, tokens = inputs[i].Length - prefix;
            for (i++; i < to; i++)
            {
                int added = inputs[i].Length - shared[i];
                double together = RowCost(tokens + added, prefix) - RowCost(tokens, prefix);
                if (together >= RowCost(inputs[i].Length - prefix, prefix)) break;
                if (added > 0 && tokens + added > settings.BatchTokens) break;
                tokens += added;
            }
            rows.Add(new ScoringRow(start, i, group, prefix, tokens));
            cost += RowCost(tokens, prefix);
        }
        return (cost, rows);
    }

    private double RowCost(double tokens, double prefix) => tokens + tokens * (tokens + prefix) / settings.AttentionLength;
}
