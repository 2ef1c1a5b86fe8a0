using MathNet.Numerics.Interpolation;

namespace Flextron.Workbench.WayComparisons;

/// <summary>Losses of a family's networks by their measured latency, which other networks are held against.</summary>
internal sealed class FamilyCurve
{
    // A network that takes as long as the family's slowest or fastest may be measured a little beyond it.
    private const double Tolerance = 0.02;

    private readonly (double Ms, double Loss)[] networks;

    /// <param name="networks">Latency (ms) and loss of each, in any order; one that several targets chose counts once.</param>
    public FamilyCurve(IEnumerable<(double Ms, double Loss)> networks) =>
        this.networks = [.. networks.GroupBy(n => n.Ms).Select(g => (g.Key, g.Min(n => n.Loss))).OrderBy(n => n.Key)];

    /// <summary>The loss at a latency, between neighbours along a line; null where the family has no network as slow or as fast.</summary>
    public double? At(double ms)
    {
        if (!Reaches(ms)) return null;
        if (networks.Length == 1) return networks[0].Loss;
        return LinearSpline.InterpolateSorted([.. networks.Select(n => n.Ms)], [.. networks.Select(n => n.Loss)]).Interpolate(Math.Clamp(ms, networks[0].Ms, networks[^1].Ms));
    }

    /// <summary>The lowest loss of the networks that are no slower; null where the family has no network as slow or as fast.</summary>
    public double? Within(double ms) => Reaches(ms) ? networks.Where(n => n.Ms <= ms * (1 + Tolerance)).Min(n => n.Loss) : null;

    private bool Reaches(double ms) => ms * (1 + Tolerance) >= networks[0].Ms && ms <= networks[^1].Ms * (1 + Tolerance);
}
