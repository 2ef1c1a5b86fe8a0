namespace Flextron.Routing;

/// <summary>
/// A running mean of the loss as a function of the target: piecewise linear between evenly spaced knots, each an exponential average of what
/// was seen near it. Read it before adding the draw it is subtracted from, so that the policy gradient stays unbiased.
/// </summary>
public sealed class TargetBaseline
{
    private readonly double[] sums;
    private readonly double[] weights;
    private readonly double decay;

    /// <summary>Creates an empty baseline.</summary>
    /// <param name="knots">2 or more, from target 0 to target 1.</param>
    /// <param name="decay">Share of a knot's past that a new observation at the knot leaves.</param>
    public TargetBaseline(int knots, double decay)
    {
        if (knots < 2) throw new FlextronException($"A baseline of {knots} knots is not possible: give 2 or more.");
        if (decay is < 0 or >= 1) throw new FlextronException("The baseline's decay must lie between 0 and 1.");
        (sums, weights, this.decay) = (new double[knots], new double[knots], decay);
    }

    /// <summary>Expected loss at a target; 0 where nothing was seen near it.</summary>
    public double At(double target)
    {
        (int below, double share) = Place(target);
        double weight = (1 - share) * weights[below] + share * weights[below + 1];
        return weight > 0 ? ((1 - share) * sums[below] + share * sums[below + 1]) / weight : 0;
    }

    /// <summary>Adds an observation.</summary>
    public void Add(double target, double loss)
    {
        (int below, double share) = Place(target);
        foreach ((int knot, double near) in new[] { (below, 1 - share), (below + 1, share) })
        {
            double kept = Math.Pow(decay, near);
            sums[knot] = kept * sums[knot] + near * loss;
            weights[knot] = kept * weights[knot] + near;
        }
    }

    private (int Below, double Share) Place(double target)
    {
        double position = Math.Clamp(target, 0, 1) * (sums.Length - 1);
        int below = Math.Min((int)position, sums.Length - 2);
        return (below, position - below);
    }
}
