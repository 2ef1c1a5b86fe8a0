using Flextron.Latency;

namespace Flextron.Tests.Latency;

public sealed class IsotonicRegressionTests
{
    [Fact]
    public void PoolsViolators() => Assert.Equal([1.0, 2.5, 2.5, 4.0], IsotonicRegression.NonDecreasing([1, 3, 2, 4]));

    [Fact]
    public void LeavesAnAscendingSequenceAlone() => Assert.Equal([1.0, 1.0, 5.0], IsotonicRegression.NonDecreasing([1, 1, 5]));

    /// <summary>The optimum is constant on blocks at their means: try every partition into consecutive blocks.</summary>
    [Fact]
    public void EqualsBruteForceOverPartitions()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 200; trial++)
        {
            double[] values = [.. Enumerable.Range(0, 7).Select(_ => (double)random.Next(10))];
            double[]? best = null;
            for (int cuts = 0; cuts < 1 << (values.Length - 1); cuts++)
            {
                double[] fitted = BlockMeans(values, cuts);
                if (fitted.Zip(fitted.Skip(1)).All(p => p.First <= p.Second + 1e-12) && (best is null || Error(values, fitted) < Error(values, best) - 1e-12)) best = fitted;
            }
            double[] actual = IsotonicRegression.NonDecreasing(values);
            for (int i = 0; i < values.Length; i++) Assert.Equal(best![i], actual[i], 1e-9);
        }
    }

    private static double[] BlockMeans(double[] values, int cuts)
    {
        double[] fitted = new double[values.Length];
        for (int from = 0; from < values.Length;)
        {
            int to = from + 1;
            while (to < values.Length && (cuts >> (to - 1) & 1) == 0) to++;
            Array.Fill(fitted, values[from..to].Average(), from, to - from);
            from = to;
        }
        return fitted;
    }

    private static double Error(double[] a, double[] b) => a.Zip(b, (x, y) => (x - y) * (x - y)).Sum();
}
