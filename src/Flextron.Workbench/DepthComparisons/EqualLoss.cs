namespace Flextron.Workbench.DepthComparisons;

/// <summary>
/// What a network of a given loss would cost, read off networks of several sizes that were trained with the same compute: the smallest size that reaches the
/// loss, between two measured sizes by the straight line of loss, and of the logarithm of time, over the logarithm of parameters.
/// </summary>
/// <param name="points">Measured sizes, in any order.</param>
internal sealed class EqualLoss(IReadOnlyList<EqualLoss.Point> points)
{
    private readonly Point[] points = [.. points.OrderBy(p => p.Parameters)];

    /// <summary>Lowest loss of all sizes, nats.</summary>
    public double Best => points.Min(p => p.Loss);

    /// <summary>The network of a loss.</summary>
    /// <param name="loss">Nats; at least <see cref="Best"/>.</param>
    /// <returns>Its parameters and seconds a token; bounded where already the smallest measured size is as good, so that a smaller one might be enough.</returns>
    public (double Parameters, double Seconds, bool Bounded) At(double loss)
    {
        int first = Array.FindIndex(points, p => p.Loss <= loss);
        if (first < 0) throw new ArgumentOutOfRangeException(nameof(loss), loss, $"No size reaches it; the best has {Best}.");
        Point good = points[first];
        if (first == 0) return (good.Parameters, good.Seconds, good.Loss < loss);
        Point worse = points[first - 1];
        double along = (worse.Loss - loss) / (worse.Loss - good.Loss);
        double Between(double a, double b) => Math.Exp(Math.Log(a) + along * (Math.Log(b) - Math.Log(a)));
        return (Between(worse.Parameters, good.Parameters), Between(worse.Seconds, good.Seconds), false);
    }

    /// <summary>One measured size.</summary>
    /// <param name="Parameters">Of the network.</param>
    /// <param name="Loss">Nats.</param>
    /// <param name="Seconds">A token.</param>
    public readonly record struct Point(double Parameters, double Loss, double Seconds);
}
