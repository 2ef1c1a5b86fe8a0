using Flextron.Selection;

namespace Flextron.Tests.Selection;

public sealed class KnapsackTests
{
    [Fact]
    public void EqualsBruteForceOnWholeNumberCosts()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 300; trial++)
        {
            (double[][] costs, double[][] losses) = Instance(random, items: 1 + random.Next(5), choices: 1 + random.Next(4), () => random.Next(1, 30));
            int budget = random.Next(1, 100);
            // One cell per unit of the budget that the cheapest choices leave: rounding is then exact.
            double cheapest = costs.Sum(c => c.Min());
            int[]? actual = Knapsack.Solve(costs, losses, budget, (int)Math.Max(1, budget - cheapest));
            double? best = BruteForce(costs, losses, budget);
            Assert.Equal(best is null, actual is null);
            if (actual is null) continue;
            Assert.True(Total(costs, actual) <= budget);
            Assert.Equal(best!.Value, Total(losses, actual), 1e-9);
        }
    }

    [Fact]
    public void IsFeasibleAndNotBeatenByASlightlySmallerBudget()
    {
        var random = new Random(2);
        for (int trial = 0; trial < 200; trial++)
        {
            (double[][] costs, double[][] losses) = Instance(random, 5, 4, () => random.NextDouble());
            double budget = random.NextDouble() * 4;
            int[]? actual = Knapsack.Solve(costs, losses, budget);
            double slack = budget - costs.Sum(c => c.Min());
            Assert.Equal(slack < 0, actual is null);
            if (actual is null) continue;
            Assert.True(Total(costs, actual) <= budget);
            // Rounding wastes at most one cell an item, so every solution that leaves so much unused is available to it.
            Assert.True(Total(losses, actual) <= BruteForce(costs, losses, budget - 5 * slack / 10_000)!.Value + 1e-9);
            Assert.True(Total(losses, actual) >= BruteForce(costs, losses, budget)!.Value - 1e-9);
        }
    }

    [Fact]
    public void BestChoicesThatFitExactlyAreTaken() =>
        Assert.Equal([1, 1], Knapsack.Solve([[0.1, 0.7], [0.2, 0.3]], [[5, 0], [5, 0]], 0.7 + 0.3, grid: 3)!);

    private static (double[][] Costs, double[][] Losses) Instance(Random random, int items, int choices, Func<double> cost)
    {
        double[][] Table(Func<double> value) => [.. Enumerable.Range(0, items).Select(_ => Enumerable.Range(0, choices).Select(_ => value()).ToArray())];
        return (Table(cost), Table(() => random.NextDouble() - 0.2));
    }

    private static double? BruteForce(double[][] costs, double[][] losses, double budget)
    {
        double? Best(int item, double cost, double loss)
        {
            if (item == costs.Length) return cost <= budget ? loss : null;
            return Enumerable.Range(0, costs[item].Length).Select(j => Best(item + 1, cost + costs[item][j], loss + losses[item][j])).Min();
        }
        return Best(0, 0, 0);
    }

    private static double Total(double[][] values, int[] choices) => choices.Select((j, i) => values[i][j]).Sum();
}
