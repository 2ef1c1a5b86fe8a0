namespace Flextron.Selection;

/// <summary>
/// Multiple-choice knapsack: one choice for each item, least total loss within a cost budget, by dynamic programming over discretised cost.
/// For a loss that adds up over layers this is the optimum that any selection method can reach.
/// </summary>
public static class Knapsack
{
    /// <summary>Solves.</summary>
    /// <param name="costs">[item][choice], not negative.</param>
    /// <param name="losses">[item][choice].</param>
    /// <param name="budget">Largest total cost.</param>
    /// <param name="grid">
    /// Cells that the budget left over by every item's cheapest choice is cut into; costs are rounded up to cells, so an answer never exceeds
    /// the budget, and is optimal except for at most one cell of waste an item.
    /// </param>
    /// <returns>A choice for each item, or null where even the cheapest choices exceed the budget.</returns>
    public static int[]? Solve(double[][] costs, double[][] losses, double budget, int grid = 10_000)
    {
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(losses);
        ArgumentOutOfRangeException.ThrowIfLessThan(grid, 1);
        // Where the best choices fit as they are, rounding must not forbid them.
        int[] best = [.. losses.Select((l, i) => Enumerable.Range(0, l.Length).MinBy(j => (l[j], costs[i][j])))];
        if (Total(costs, best) <= budget) return best;
        int[] cheapest = [.. costs.Select((c, i) => Enumerable.Range(0, c.Length).MinBy(j => (c[j], losses[i][j])))];
        if (!(Total(costs, cheapest) <= budget)) return null;
        // Rounding down by a billionth of a cell keeps exact multiples exact; should the sum then exceed the budget by that little, round strictly.
        int[] solution = Fill(costs, losses, cheapest, budget, grid, 1e-9);
        return Total(costs, solution) <= budget ? solution : Fill(costs, losses, cheapest, budget * (1 - 1e-12), grid, -1e-9);
    }

    private static int[] Fill(double[][] costs, double[][] losses, int[] cheapest, double budget, int grid, double tolerance)
    {
        double cell = (budget - Total(costs, cheapest)) / grid;
        int items = costs.Length;
        // table[c] is the least loss of the items so far with at most c cells; taken remembers the choice that reached it.
        double[] table = new double[grid + 1];
        var taken = new ushort[items][];
        for (int i = 0; i < items; i++)
        {
            double[] next = new double[grid + 1];
            Array.Fill(next, double.PositiveInfinity);
            taken[i] = new ushort[grid + 1];
            for (int j = 0; j < costs[i].Length; j++)
            {
                int cells = Cells(costs[i][j] - costs[i][cheapest[i]], cell, tolerance, j == cheapest[i]);
                for (int c = cells; c <= grid; c++)
                {
                    double loss = table[c - cells] + losses[i][j];
                    if (loss < next[c]) (next[c], taken[i][c]) = (loss, (ushort)j);
                }
            }
            table = next;
        }
        int[] choices = new int[items];
        for ((int i, int left) = (items - 1, grid); i >= 0; i--)
        {
            choices[i] = taken[i][left];
            left -= Cells(costs[i][choices[i]] - costs[i][cheapest[i]], cell, tolerance, choices[i] == cheapest[i]);
        }
        return choices;
    }

    private static int Cells(double extra, double cell, double tolerance, bool free)
    {
        if (free || extra <= 0) return 0;
        double cells = Math.Ceiling(extra / cell - tolerance);
        return cells < int.MaxValue / 2 ? (int)cells : int.MaxValue / 2;
    }

    private static double Total(double[][] costs, int[] choices)
    {
        double sum = 0;
        for (int i = 0; i < choices.Length; i++) sum += costs[i][choices[i]];
        return sum;
    }
}
