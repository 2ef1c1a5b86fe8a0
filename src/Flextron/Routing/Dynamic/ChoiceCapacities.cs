namespace Flextron.Routing.Dynamic;

/// <summary>
/// How many of a stretch's tokens each of a layer's choices takes, so that the stretch costs no more than its layer may spend: a capacity for each choice,
/// as the experts of a mixture have. It follows from the target alone, not from the text, so that a stretch's group sizes and its time are known before it
/// runs.
/// </summary>
public static class ChoiceCapacities
{
    /// <summary>
    /// Shares of tokens by choice whose mean cost is the given one, near the wanted ones: what is missing goes to the dearest choice, what is too much to
    /// the cheapest, from all others in proportion.
    /// </summary>
    /// <param name="costs_K">What the choices cost.</param>
    /// <param name="wanted_K">Shares that add up to 1; null for the evenest of that mean cost, those of greatest entropy.</param>
    /// <param name="mean">Mean cost of a token; beyond the cheapest and the dearest choice it counts as theirs.</param>
    public static double[] Shares(double[] costs_K, IReadOnlyList<double>? wanted_K, double mean)
    {
        ArgumentNullException.ThrowIfNull(costs_K);
        (double least, double most) = (costs_K.Min(), costs_K.Max());
        mean = Math.Clamp(mean, least, most);
        double[] shares = wanted_K is null ? Evenest(costs_K, mean) : [.. wanted_K];
        double now = Mean(costs_K, shares);
        int end = now < mean ? Array.IndexOf(costs_K, most) : Array.IndexOf(costs_K, least);
        double room = costs_K[end] - now, part = room == 0 ? 0 : Math.Clamp((mean - now) / room, 0, 1);
        for (int k = 0; k < shares.Length; k++) shares[k] = (1 - part) * shares[k] + (k == end ? part : 0);
        return shares;
    }

    /// <summary>
    /// Whole numbers of tokens near the shares, within a budget. Tokens that take a choice or a dearer one are rounded down, so that rounding never costs;
    /// what is left over then widens single tokens, the dearest first.
    /// </summary>
    /// <param name="costs_K">What the choices cost.</param>
    /// <param name="shares_K">Shares that add up to 1.</param>
    /// <param name="tokens">N.</param>
    /// <param name="budget">What all of them together may cost, at least N times the cheapest choice.</param>
    /// <returns>count_K, which add up to N.</returns>
    public static int[] Counts(double[] costs_K, IReadOnlyList<double> shares_K, int tokens, double budget)
    {
        ArgumentNullException.ThrowIfNull(costs_K);
        ArgumentNullException.ThrowIfNull(shares_K);
        const double Rounding = 1e-9;
        int[] order = [.. Enumerable.Range(0, costs_K.Length).OrderBy(k => costs_K[k])], counts = new int[costs_K.Length];
        double tail = 0, spent = 0;
        int above = 0;
        for (int i = order.Length - 1; i >= 0; i--)
        {
            tail += shares_K[order[i]];
            int reached = i == 0 ? tokens : (int)Math.Clamp(Math.Floor(tokens * tail + Rounding), above, tokens);
            (counts[order[i]], above) = (reached - above, reached);
            spent += counts[order[i]] * costs_K[order[i]];
        }
        // Shares that the budget does not pay for give way, the dearest first.
        for (int i = order.Length - 1; i > 0 && spent > budget * (1 + 1e-12);)
        {
            if (counts[order[i]] == 0 || costs_K[order[i]] <= costs_K[order[0]]) i--;
            else Move(order[i], order[0], 1);
        }
        while (Widen())
        {
        }
        return counts;

        bool Widen()
        {
            bool any = false;
            for (int i = order.Length - 1; i > 0; i--)
            {
                double step = costs_K[order[i]] - costs_K[order[i - 1]];
                int moved = step > 0 && budget > spent ? (int)Math.Min(counts[order[i - 1]], Math.Floor((budget - spent) / step)) : 0;
                Move(order[i - 1], order[i], moved);
                any |= moved > 0;
            }
            return any;
        }

        void Move(int from, int to, int moved)
        {
            (counts[from], counts[to]) = (counts[from] - moved, counts[to] + moved);
            spent += moved * (costs_K[to] - costs_K[from]);
        }
    }

    /// <summary>Mean cost of a token.</summary>
    internal static double Mean(double[] costs_K, IReadOnlyList<double> shares_K) => costs_K.Zip(shares_K, (c, s) => c * s).Sum();

    // Shares proportional to exp(−β · cost): β by halving, as the mean falls with it.
    private static double[] Evenest(double[] costs_K, double mean)
    {
        const double Steepest = 500;
        double least = costs_K.Min(), range = costs_K.Max() - least, low = -Steepest, high = Steepest;
        double[] At(double steepness)
        {
            double[] weights = [.. costs_K.Select(c => Math.Exp(-steepness * ((c - least) / range - (steepness < 0 ? 1 : 0))))];
            double sum = weights.Sum();
            return [.. weights.Select(w => w / sum)];
        }

        if (range <= 0) return [.. costs_K.Select(_ => 1.0 / costs_K.Length)];
        for (int i = 0; i < 60; i++)
        {
            double middle = 0.5 * (low + high);
            if (Mean(costs_K, At(middle)) > mean) low = middle;
            else high = middle;
        }
        return At(high);
    }
}
