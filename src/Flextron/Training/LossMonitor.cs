using System.Globalization;

namespace Flextron.Training;

/// <summary>
/// Notices that training has gone wrong: a loss that is no number, or a mean over the last <see cref="Window"/> steps that stands a tolerance above
/// the lowest such mean. Single high losses do not count: the sub-networks drawn differ in size from step to step.
/// </summary>
public sealed class LossMonitor
{
    /// <summary>Steps in a mean.</summary>
    public const int Window = 32;

    private readonly double tolerance;
    private readonly Queue<double> recent = new();
    private double lowest = double.PositiveInfinity;

    /// <summary>Starts watching.</summary>
    /// <param name="tolerance">Nats; 0 watches for numbers only.</param>
    public LossMonitor(double tolerance) => this.tolerance = tolerance;

    /// <summary>Whether the mean stands less than half the tolerance above the lowest.</summary>
    public bool IsCalm => tolerance == 0 || recent.Count < Window || recent.Average() <= lowest + tolerance / 2;

    /// <summary>What a resumed run needs: the lowest mean, then the recent losses.</summary>
    public IReadOnlyList<double> State
    {
        get => [lowest, .. recent];
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            recent.Clear();
            lowest = value.Count > 0 ? value[0] : double.PositiveInfinity;
            foreach (double loss in value.Skip(1)) recent.Enqueue(loss);
        }
    }

    /// <summary>Takes a step's loss.</summary>
    /// <param name="step">From 1, for the message.</param>
    /// <param name="loss">Nats.</param>
    /// <exception cref="FlextronException">Training has diverged.</exception>
    public void Take(int step, double loss)
    {
        const string WayOut = "lower learningRate or lengthen the warm-up, and start again, or go on from the last checkpoint with --change-rate";
        if (!double.IsFinite(loss)) throw new FlextronException(string.Create(CultureInfo.InvariantCulture, $"Training diverged at step {step}: the loss is {loss}; {WayOut}."));
        recent.Enqueue(loss);
        if (recent.Count > Window) recent.Dequeue();
        if (recent.Count < Window || tolerance == 0) return;
        double mean = recent.Average();
        lowest = Math.Min(lowest, mean);
        if (mean > lowest + tolerance)
            throw new FlextronException(string.Create(CultureInfo.InvariantCulture,
                $"Training diverged at step {step}: the mean loss of the last {Window} steps is {mean:0.000}, up from {lowest:0.000}; {WayOut} (spikeTolerance is {tolerance})."));
    }
}
