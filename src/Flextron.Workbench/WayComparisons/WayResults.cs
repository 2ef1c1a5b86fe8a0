using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.WayComparisons;

/// <summary>What all networks came to, and how they stand to the family at equal measured latency, paired by seed.</summary>
internal sealed class WayResults
{
    /// <summary>The family's networks that were searched for latency targets, those that a learned router chose, and those that keep the same share everywhere.</summary>
    public const string Selected = "Flextron, selected", Routed = "Flextron, routed", Uniform = "Flextron, uniform";

    private readonly FamilyCurve[] curvePrompt, curveToken;

    public WayResults(WayComparisonSettings settings, WayTimings timings, IReadOnlyList<WaySeed> seeds, IReadOnlyList<IReadOnlyList<WayScore>> scores)
    {
        (Settings, Timings) = (settings, timings);
        string whole = settings.Arms.First(a => a.Value.Way == Way.Continued).Key, flextron = settings.Arms.First(a => a.Value.Way == Way.Flextron).Key;
        FamilyChoice[][] choices = [.. seeds.Select(s => FamilyStage.Read(s.Choices))];
        WayOutcome Outcome(int s, string arm, WayView view) => WayStage.Read(seeds[s].Arms[(arm, WayPlan.Trained(settings, arm, view))]);
        static string SeriesOf(FamilyWay way) => way switch { FamilyWay.Selected => Selected, FamilyWay.Routed => Routed, _ => Uniform };
        WayMeasurement Measured(int s, string key, string? scored, LossEstimate loss, long parameters, WayOutcome training) => new(
            timings.Networks[key].PromptMs.Median, timings.Networks[key].TokenMs?.Median, loss, parameters, training, [.. scores[s].Where(score => score.Network == scored)]);
        WayPoint[] family = [.. choices[0].Select((first, i) => new WayPoint(SeriesOf(first.Way), first.Label, [.. seeds.Select((_, s) =>
            Measured(s, WayTimings.Key(choices[s][i]), WayTimings.Key(choices[s][i]), choices[s][i].Loss, choices[s][i].Parameters, Outcome(s, flextron, WayView.Each)))]))];
        IReadOnlyList<WayPoint> Points(WayView view) => [.. family, .. Arms(view)];
        WayPoint[] Arms(WayView view) => [.. settings.Arms.Where(a => a.Key != flextron).Select(a => new WayPoint(a.Value.Series, a.Key, [.. seeds.Select((seed, s) =>
        {
            WayView own = WayPlan.Trained(settings, a.Key, view);
            WayOutcome outcome = Outcome(s, a.Key, own);
            // Benchmarks are run on the networks that had all the tokens.
            return Measured(s, WayTimings.Key(a.Key, a.Value, seed.Seed, own), own == WayView.Each ? WayTimings.Key(a.Key, a.Value, seed.Seed) : null, outcome.After, outcome.Parameters, outcome);
        })]))];
        Original = Outcome(0, whole, WayView.Each).Before;
        (Each, Together) = (Points(WayView.Each), Points(WayView.Together));
        if (settings.EqualOperations) Operations = Points(WayView.Operations);
        if (settings.Route is not null) Routers = [.. seeds.Select(s => FamilyStage.ReadRouter(s.Choices))];
        Base = Each.Single(p => p.Label == whole);
        FamilyCurve[] Curve(Func<WayMeasurement, double?> ms) => [.. seeds.Select((_, s) =>
            new FamilyCurve(family.Where(p => p.Series == Selected).Select(p => (ms(p.Seeds[s]) ?? double.NaN, p.Seeds[s].Loss.Mean))))];
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

    /// <summary>All networks of a way with as many operations together as the family; null where not asked for.</summary>
    public IReadOnlyList<WayPoint>? Operations { get; }

    /// <summary>What every seed's router took; null where none was learned.</summary>
    public IReadOnlyList<RouterCost>? Routers { get; }

    /// <summary>Every view by its name.</summary>
    public IEnumerable<(string Name, IReadOnlyList<WayPoint> Points)> Views
    {
        get
        {
            yield return ("each", Each);
            yield return ("together", Together);
            if (Operations is not null) yield return ("operations", Operations);
        }
    }

    /// <summary>
    /// Mean over the routed networks of their loss minus that of the selected ones at the same measured latency. Networks that some seed has out of reach are left
    /// out; null where there is no other.
    /// </summary>
    public SummaryValue? RouterAgainstSearch()
    {
        double?[] Differences(WayPoint point) => [.. point.Seeds.Select((m, s) => m.Loss.Mean - curvePrompt[s].At(m.PromptMs))];
        double?[][] all = [.. Each.Where(p => p.Series == Routed).Select(Differences).Where(d => d.All(x => x is not null))];
        return all.Length == 0 ? null : SummaryValue.OfValues([.. Enumerable.Range(0, Settings.Seeds.Count).Select(s => all.Average(d => d[s]!.Value))]);
    }

    /// <summary>Whether a network is the family's.</summary>
    public static bool IsOfFamily(WayPoint point) => point.Series is Selected or Routed or Uniform;

    /// <summary>
    /// A network's loss minus that of the family's selected networks at the same measured latency, between neighbours along a line; null where the family has none as slow or as
    /// fast, with some seed. They were selected for the latency of prompts: for that of a generated token the best of them counts that is no slower.
    /// </summary>
    /// <param name="point">The network.</param>
    /// <param name="token">By the latency of a generated token instead of the prompts'.</param>
    public SummaryValue? Against(WayPoint point, bool token = false)
    {
        double? Of(WayMeasurement m, int s) => m.Loss.Mean - (token ? curveToken[s].Within(m.TokenMs ?? double.NaN) : curvePrompt[s].At(m.PromptMs));
        double?[] differences = [.. point.Seeds.Select(Of)];
        return differences.All(d => d is not null) ? SummaryValue.OfValues([.. differences.Select(d => d!.Value)]) : null;
    }

    /// <summary>A small model's loss minus that of the family's network of the same shape: what being one of many costs, apart from who has the better shape; null for other ways.</summary>
    public SummaryValue? AgainstShape(WayPoint point)
    {
        if (!Settings.Arms.TryGetValue(point.Label, out WayArm? arm) || arm.Share is not { } share) return null;
        WayPoint same = Each.Single(p => p.Series == Uniform && p.Label == FamilyStage.UniformLabel(share));
        return SummaryValue.OfValues([.. point.Seeds.Zip(same.Seeds, (own, family) => own.Loss.Mean - family.Loss.Mean)]);
    }

    /// <summary>Latency as a share of the base's.</summary>
    public double Share(WayPoint point) => point.PromptMs.Value / Base.PromptMs.Value;

    /// <summary>The networks of a view, way by way, in the order of the settings.</summary>
    public static IEnumerable<IGrouping<string, WayPoint>> BySeries(IEnumerable<WayPoint> points) => points.GroupBy(p => p.Series);
}
