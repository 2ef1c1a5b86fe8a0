using Flextron.Training;
using Flextron.Workbench.Experiments;
using MathNet.Numerics.Interpolation;

namespace Flextron.Workbench.WayComparisons;

/// <summary>What all networks came to, and how they stand to the family at equal measured latency, paired by seed.</summary>
internal sealed class WayResults
{
    /// <summary>The family's networks that were chosen for latency targets, and those that keep the same share everywhere.</summary>
    public const string Selected = "Flextron, selected", Uniform = "Flextron, uniform";

    // A network that takes as long as the family's slowest or fastest may be measured a little beyond it.
    private const double Tolerance = 0.02;

    private readonly IReadOnlyList<(double Ms, double Loss)>[] curvePrompt, curveToken;

    public WayResults(WayComparisonSettings settings, WayTimings timings, IReadOnlyList<WaySeed> seeds, IReadOnlyList<IReadOnlyList<WayScore>> scores)
    {
        (Settings, Timings) = (settings, timings);
        string whole = settings.Arms.First(a => a.Value.Way == Way.Continued).Key, flextron = settings.Arms.First(a => a.Value.Way == Way.Flextron).Key;
        FamilyChoice[][] choices = [.. seeds.Select(s => FamilyStage.Read(s.Choices))];
        WayOutcome Outcome(int s, string arm, bool shared) => WayStage.Read(seeds[s].Arms[(arm, shared && WayPlan.Shares(settings, arm))]);
        WayMeasurement Measured(int s, string key, LossEstimate loss, long parameters, WayOutcome training) => new(
            timings.Networks[key].PromptMs.Median, timings.Networks[key].TokenMs?.Median, loss, parameters, training, [.. scores[s].Where(score => score.Network == key)]);
        WayPoint[] family = [.. choices[0].Select((first, i) => new WayPoint(first.Selected ? Selected : Uniform, first.Label, [.. seeds.Select((_, s) =>
            Measured(s, WayTimings.Key(choices[s][i]), choices[s][i].Loss, choices[s][i].Parameters, Outcome(s, flextron, shared: false)))]))];
        WayPoint[] Arms(bool shared) => [.. settings.Arms.Where(a => a.Key != flextron).Select(a => new WayPoint(a.Value.Series, a.Key, [.. seeds.Select((seed, s) =>
        {
            WayOutcome outcome = Outcome(s, a.Key, shared);
            return Measured(s, WayTimings.Key(a.Key, a.Value, seed.Seed), outcome.After, outcome.Parameters, outcome);
        })]))];
        Original = Outcome(0, whole, shared: false).Before;
        (Each, Together) = ([.. family, .. Arms(shared: false)], [.. family, .. Arms(shared: true)]);
        Base = Each.Single(p => p.Label == whole);
        // A network that several targets chose stands once.
        IReadOnlyList<(double, double)>[] Curve(Func<WayMeasurement, double?> ms) => [.. seeds.Select((_, s) => (IReadOnlyList<(double, double)>)
            [.. family.Where(p => p.Series == Selected).Select(p => (Ms: ms(p.Seeds[s]) ?? double.NaN, p.Seeds[s].Loss.Mean)).DistinctBy(p => p.Ms)])];
        (curvePrompt, curveToken) = (Curve(m => m.PromptMs), Curve(m => m.TokenMs));
    }

    public WayComparisonSettings Settings { get; }

    public WayTimings Timings { get; }

    /// <summary>Held-out loss of the base before any of this.</summary>
    public LossEstimate Original { get; }

    /// <summary>The base trained on.</summary>
    public WayPoint Base { get; }

    /// <summary>Every network with all the tokens.</summary>
    public IReadOnlyList<WayPoint> Each { get; }

    /// <summary>All networks of a way with as many tokens together.</summary>
    public IReadOnlyList<WayPoint> Together { get; }

    /// <summary>
    /// A network's loss minus that of the family's selected networks at the same measured latency, between neighbours along a line; null where the family has none as slow or as
    /// fast, with some seed. They were selected for the latency of prompts: for that of a generated token the best of them counts that is no slower.
    /// </summary>
    /// <param name="point">The network.</param>
    /// <param name="token">By the latency of a generated token instead of the prompts'.</param>
    public SummaryValue? Against(WayPoint point, bool token = false)
    {
        IReadOnlyList<(double Ms, double Loss)>[] curves = token ? curveToken : curvePrompt;
        double? Of(int s)
        {
            double ms = (token ? point.Seeds[s].TokenMs : point.Seeds[s].PromptMs) ?? double.NaN;
            (double least, double most) = (curves[s].Min(c => c.Ms), curves[s].Max(c => c.Ms));
            if (!(ms >= least * (1 - Tolerance) && ms <= most * (1 + Tolerance))) return null;
            double family = token ? curves[s].Where(c => c.Ms <= ms * (1 + Tolerance)).Min(c => c.Loss)
                : curves[s].Count == 1 ? curves[s][0].Loss
                : LinearSpline.Interpolate(curves[s].Select(c => c.Ms), curves[s].Select(c => c.Loss)).Interpolate(Math.Clamp(ms, least, most));
            return point.Seeds[s].Loss.Mean - family;
        }

        double?[] differences = [.. point.Seeds.Select((_, s) => Of(s))];
        return differences.All(d => d is not null) ? SummaryValue.OfValues([.. differences.Select(d => d!.Value)]) : null;
    }

    /// <summary>Latency as a share of the base's.</summary>
    public double Share(WayPoint point) => point.PromptMs.Value / Base.PromptMs.Value;

    /// <summary>The networks of a view, way by way, in the order of the settings.</summary>
    public static IEnumerable<IGrouping<string, WayPoint>> BySeries(IEnumerable<WayPoint> points) => points.GroupBy(p => p.Series);
}
