using Flextron.Training;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>What training one arm with one seed came to.</summary>
/// <param name="Parameters">Of the model.</param>
/// <param name="Transferred">Of these, taken over.</param>
/// <param name="Before">Held-out loss before training.</param>
/// <param name="Points">Along the training; the last is the end.</param>
/// <param name="Releases">Steps after which frozen weights were released.</param>
internal sealed record TransferOutcome(long Parameters, long Transferred, double Before, IReadOnlyList<TransferPoint> Points, IReadOnlyList<int> Releases)
{
    public TransferPoint End => Points[^1];

    /// <summary>Loss at the end.</summary>
    public double After => End.HeldOut.Mean;

    /// <summary>What was spent when the loss first comes down to a value, between measurements along a line; null where it never does.</summary>
    public double? SpentTo(double loss, TransferCost cost)
    {
        (double spent, double value) = (0, Before);
        if (value <= loss) return 0;
        foreach (TransferPoint point in Points)
        {
            double next = point.HeldOut.Mean;
            if (next <= loss) return spent + (point.Of(cost) - spent) * (value - loss) / (value - next);
            (spent, value) = (point.Of(cost), next);
        }
        return null;
    }

    /// <summary>The loss when so much is spent, between measurements along a line; that at the end where less is spent in all.</summary>
    public double LossAt(double spent, TransferCost cost)
    {
        (double at, double value) = (0, Before);
        foreach (TransferPoint point in Points)
        {
            double next = point.Of(cost);
            if (next >= spent) return value + (point.HeldOut.Mean - value) * (spent - at) / (next - at);
            (at, value) = (next, point.HeldOut.Mean);
        }
        return value;
    }
}
