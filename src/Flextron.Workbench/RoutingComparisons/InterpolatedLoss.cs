using Flextron.Training;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>Losses between measured points of a curve, window by window, so that differences stay paired.</summary>
internal static class InterpolatedLoss
{
    /// <summary>The loss at a cost: linear between the two neighbouring points, that of the end point beyond.</summary>
    /// <param name="points">Costs with losses over the same windows; any order.</param>
    /// <param name="cost">Where.</param>
    public static LossEstimate At(IReadOnlyList<(double Cost, LossEstimate Loss)> points, double cost)
    {
        (double Cost, LossEstimate Loss)[] ordered = [.. points.OrderBy(p => p.Cost)];
        int next = Array.FindIndex(ordered, p => p.Cost >= cost);
        if (next <= 0) return next == 0 ? ordered[0].Loss : ordered[^1].Loss;
        ((double a, LossEstimate from), (double b, LossEstimate to)) = (ordered[next - 1], ordered[next]);
        double share = b > a ? (cost - a) / (b - a) : 1;
        return new LossEstimate([.. from.PerWindow.Zip(to.PerWindow, (x, y) => x + share * (y - x))]);
    }

    /// <summary>Paired difference.</summary>
    public static LossEstimate Difference(LossEstimate a, LossEstimate b) => new([.. a.PerWindow.Zip(b.PerWindow, (x, y) => x - y)]);
}
