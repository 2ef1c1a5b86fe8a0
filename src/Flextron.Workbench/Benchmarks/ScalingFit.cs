using Flextron.Workbench.Experiments;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.Benchmarks;

/// <summary>The exponent e of cost ~ size^e over the larger half of the sizes, at least three, where a fixed cost weighs least, with its 95 % interval over rounds.</summary>
/// <param name="Exponent">Mean over the rounds.</param>
/// <param name="HalfWidth">Of the interval; not a number after one round.</param>
/// <param name="ByRound">The exponent of every round.</param>
internal sealed record ScalingFit(double Exponent, double HalfWidth, IReadOnlyList<double> ByRound)
{
    // Two points have an exponent whatever lies between them.
    private const int Fewest = 3;

    /// <summary>Fits a line to logarithms in every round.</summary>
    /// <param name="sizes">At least three, ascending.</param>
    /// <param name="costs">[size][round].</param>
    public static ScalingFit Of(IReadOnlyList<int> sizes, IReadOnlyList<double[]> costs)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizes.Count, Fewest);
        int first = Math.Min(sizes.Count / 2, sizes.Count - Fewest);
        double[] x = [.. sizes.Skip(first).Select(s => Math.Log(s))];
        double middle = x.Average(), spread = x.Sum(v => (v - middle) * (v - middle));
        double[] byRound = [.. Enumerable.Range(0, costs[0].Length).Select(r => x.Select((v, i) => (v - middle) * Math.Log(costs[first + i][r])).Sum() / spread)];
        return new ScalingFit(byRound.Average(), byRound.Length < 2 ? double.NaN : MeanInterval.HalfWidth(byRound.StandardDeviation(), byRound.Length), byRound);
    }
}
