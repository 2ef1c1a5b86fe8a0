using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Selection;

/// <summary>
/// A control without learning: widths that never fall with depth. Shares of the full width lie on a straight line over depth, the same for
/// heads and neurons; of the lines whose network fits the target and uses it up, the one with the least slope is taken.
/// </summary>
public static class LeastSlope
{
    private const int Steps = 64;

    // Two networks that use the budget up to within this share of the range of costs are equally good to it.
    private const double Tolerance = 0.01;

    /// <summary>Chooses.</summary>
    /// <param name="space">Legal widths; residual width and depth stay whole.</param>
    /// <param name="cost">The cost.</param>
    /// <param name="target">Largest cost.</param>
    /// <param name="leastSlope">Smallest slope considered, as a share of the full width from the first block to the last; 0 allows uniform widths.</param>
    /// <exception cref="FlextronException">Even the smallest sub-network costs more.</exception>
    public static SubNetwork Select(ElasticSpace space, ICostTable cost, double target, double leastSlope = 0)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(cost);
        space = space.Blockwise;
        (double least, double full) = (cost.Cost(space.Smallest), cost.Cost(space.Largest));
        if (!(target >= least))
            throw new FlextronException(FormattableString.Invariant($"A budget of {target:0.###} {cost.Unit} is below the smallest sub-network's {CostText.RoundedUp(least)} {cost.Unit}: give at least that."));
        if (target >= full) return space.Largest;
        var best = (Network: space.Smallest, Cost: least);
        for (int s = (int)Math.Ceiling(leastSlope * Steps); s <= Steps; s++)
        {
            (SubNetwork network, double used) = Widest(space, cost, target, s / (double)Steps);
            if (used > best.Cost + Tolerance * (full - least)) best = (network, used);
        }
        return best.Network;
    }

    /// <summary>The network of a line over depth.</summary>
    /// <param name="space">Legal widths.</param>
    /// <param name="start">Share of the full width at the first block; beyond 0 … 1 it is cut off.</param>
    /// <param name="slope">What is added until the last block.</param>
    public static SubNetwork Line(ElasticSpace space, double start, double slope)
    {
        ArgumentNullException.ThrowIfNull(space);
        return new SubNetwork(Enumerable.Range(0, space.BlockCount).Select(i =>
            space.Uniform(Math.Clamp(start + slope * (space.BlockCount == 1 ? 0.5 : i / (space.BlockCount - 1.0)), 0, 1)).Blocks[i]));
    }

    // Raising the line only widens: the highest start that fits is found by bisection.
    private static (SubNetwork Network, double Cost) Widest(ElasticSpace space, ICostTable cost, double target, double slope)
    {
        (double low, double high) = (-slope, 1);
        SubNetwork network = Line(space, low, slope);
        if (cost.Cost(network) > target) return (space.Smallest, cost.Cost(space.Smallest));
        for (int i = 0; i < 24; i++)
        {
            double middle = 0.5 * (low + high);
            SubNetwork wider = Line(space, middle, slope);
            if (cost.Cost(wider) <= target) (low, network) = (middle, wider);
            else high = middle;
        }
        return (network, cost.Cost(network));
    }
}
