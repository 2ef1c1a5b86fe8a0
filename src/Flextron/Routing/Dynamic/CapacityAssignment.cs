namespace Flextron.Routing.Dynamic;

/// <summary>
/// Gives a stretch's tokens to the choices of a layer: every choice takes exactly as many as its capacity, and the sum of the scores is the greatest possible.
/// It looks at all tokens of the stretch, so that a token's choice depends on later tokens too.
/// </summary>
/// <remarks>
/// Tokens are sorted by how much their scores speak for dear choices, and the choices filled in this order; that is the optimum already where all tokens
/// agree on the worth of widths up to a factor. Then tokens are exchanged along cycles of choices as long as that gains: an assignment without such a
/// cycle is optimal (a minimum-cost flow without negative cycles; Klein, Management Science 14, 1967).
/// </remarks>
public static class CapacityAssignment
{
    // Gains below this share of the greatest score are rounding.
    private const double Rounding = 1e-9;

    /// <summary>Assigns.</summary>
    /// <param name="scores_NK">Scores, row after row: the greater, the better; any constant may be added to a token's.</param>
    /// <param name="costs_K">What the choices cost.</param>
    /// <param name="counts_K">Capacities, which add up to N.</param>
    /// <param name="choice_N">Receives the choices.</param>
    public static void Assign(ReadOnlySpan<float> scores_NK, ReadOnlySpan<double> costs_K, ReadOnlySpan<int> counts_K, Span<int> choice_N)
    {
        (int tokens, int choices) = (choice_N.Length, costs_K.Length);
        if (scores_NK.Length != tokens * choices) throw new ArgumentException($"{tokens} tokens of {choices} choices have {scores_NK.Length} scores.", nameof(scores_NK));
        Sorted(scores_NK, costs_K, counts_K, choice_N);
        if (choices > 2) Exchange(scores_NK, choices, choice_N);
    }

    // The optimum for two choices, and for more where scores are products of a token's need and a width's worth.
    private static void Sorted(ReadOnlySpan<float> scores_NK, ReadOnlySpan<double> costs_K, ReadOnlySpan<int> counts_K, Span<int> choice_N)
    {
        int choices = costs_K.Length;
        double mean = 0;
        foreach (double cost in costs_K) mean += cost / choices;
        double[] need = new double[choice_N.Length];
        int[] tokens = new int[choice_N.Length], order = new int[choices];
        for (int t = 0; t < tokens.Length; t++)
        {
            tokens[t] = t;
            for (int k = 0; k < choices; k++) need[t] += scores_NK[t * choices + k] * (costs_K[k] - mean);
        }
        for (int k = 0; k < choices; k++) order[k] = k;
        Array.Sort(costs_K.ToArray(), order);
        Array.Sort(need, tokens);
        int at = 0;
        foreach (int k in order)
            for (int i = 0; i < counts_K[k]; i++) choice_N[tokens[at++]] = k;
    }

    private static void Exchange(ReadOnlySpan<float> scores_NK, int choices, Span<int> choice_N)
    {
        // What it gains at most to move one of a choice's tokens to another choice, and which token that is.
        double[] gain = new double[choices * choices], reached = new double[choices];
        int[] mover = new int[choices * choices], before = new int[choices], place_N = new int[choice_N.Length];
        List<int>[] members = new List<int>[choices];
        double greatest = 0;
        foreach (float score in scores_NK) greatest = Math.Max(greatest, Math.Abs(score));
        double least = Rounding * greatest;
        for (int k = 0; k < choices; k++) members[k] = [];
        for (int t = 0; t < choice_N.Length; t++) Enter(t, choice_N[t]);
        for (int k = 0; k < choices; k++) Look(scores_NK, k);
        while (true)
        {
            // Two tokens that had better change places are found at once; longer cycles are looked for where there are none.
            if (Pair(out int one, out int other))
            {
                (int a, int b) = (mover[one * choices + other], mover[other * choices + one]);
                Move(a, one, other);
                Move(b, other, one);
                (choice_N[a], choice_N[b]) = (other, one);
                Look(scores_NK, one);
                Look(scores_NK, other);
                continue;
            }
            if (!Cycle(out int inside)) return;
            // Every edge of the cycle leaves another choice, so that its tokens are different ones.
            int to = inside;
            do
            {
                int from = before[to], token = mover[from * choices + to];
                Move(token, from, to);
                choice_N[token] = to;
                to = from;
            }
            while (to != inside);
            do
            {
                Look(scores_NK, to);
                to = before[to];
            }
            while (to != inside);
        }

        void Enter(int token, int choice)
        {
            place_N[token] = members[choice].Count;
            members[choice].Add(token);
        }

        void Move(int token, int from, int to)
        {
            List<int> left = members[from];
            (left[place_N[token]], place_N[left[^1]]) = (left[^1], place_N[token]);
            left.RemoveAt(left.Count - 1);
            Enter(token, to);
        }

        void Look(ReadOnlySpan<float> scores, int own)
        {
            Array.Fill(gain, double.NegativeInfinity, own * choices, choices);
            foreach (int token in members[own])
            {
                ReadOnlySpan<float> row = scores.Slice(token * choices, choices);
                for (int k = 0; k < row.Length; k++)
                {
                    double gained = (double)row[k] - row[own];
                    if (k != own && gained > gain[own * choices + k]) (gain[own * choices + k], mover[own * choices + k]) = (gained, token);
                }
            }
        }

        bool Pair(out int one, out int other)
        {
            double most = least;
            (one, other) = (-1, -1);
            for (int i = 0; i < choices; i++)
                for (int j = 0; j < i; j++)
                    if (gain[i * choices + j] + gain[j * choices + i] > most) (most, one, other) = (gain[i * choices + j] + gain[j * choices + i], i, j);
            return one >= 0;
        }

        // Longest walks of at most K edges (Bellman and Ford): one that still grows after that has gone round a gaining cycle.
        bool Cycle(out int inside)
        {
            Array.Clear(reached);
            Array.Fill(before, -1);
            int grew = -1;
            for (int round = 0; round <= choices; round++)
            {
                grew = -1;
                for (int i = 0; i < choices; i++)
                    for (int j = 0; j < choices; j++)
                    {
                        if (i == j || reached[i] + gain[i * choices + j] <= reached[j] + least) continue;
                        (reached[j], before[j], grew) = (reached[i] + gain[i * choices + j], i, j);
                    }
                if (grew < 0) break;
            }
            inside = grew;
            // Back by K edges: from there on one is within the cycle, unless rounding alone made walks grow.
            for (int i = 0; i < choices && inside >= 0; i++) inside = before[inside];
            if (inside < 0) return false;
            double gained = 0;
            int at = inside;
            do
            {
                if (before[at] < 0) return false;
                gained += gain[before[at] * choices + at];
                at = before[at];
            }
            while (at != inside);
            return gained > least;
        }
    }
}
