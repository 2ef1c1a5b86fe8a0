using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.WayComparisons;

/// <summary>What all networks came to, and how they stand to the family at equal measured latency, paired by seed.</summary>
internal sealed class WayResults
{
    /// <summary>The family's networks that were chosen for latency targets, and those that keep the same share everywhere.</summary>
    public const string Selected = "Flextron, selected", Uniform = "Flextron, uniform";

    private readonly FamilyCurve[] curvePrompt, curveToken;

    public WayResults(WayComparisonSettings settings, WayTimings timings, IReadOnlyList<WaySeed> seeds, IReadOnlyList<IReadOnlyList<WayScore>> scores)
    {
        (Settings, Timings) = (settings, timings);
        string whole = settings.Arms.First(a => a.Value.Way == Way.Continued).Key, flextron = settings.Arms.First(a => a.Value.Way == Way.Flextron).Key;
        FamilyChoice[][] choices = [.. seeds.Select(s => FamilyStage.Read(s.Choices))];
        WayOutcome Outcome(int s, string arm, bool shared) => WayStage.Read(seeds[s].Arms[(arm, shared && WayPlan.Shares(settings, arm))]);
        WayMeasurement Measured(int s, string key, string? scored, LossEstimate loss, long parameters, WayOutcome training) => new(
            timings.Networks[key].PromptMs.Median, timings.Networks[key].TokenMs?.Median, loss, parameters, training, [.. scores[s].Where(score => score.Network == scored)]);
        WayPoint[] family = [.. choices[0].Select((first, i) => new WayPoint(first.Selected ? Selected : Uniform, first.Label, [.. seeds.Select((_, s) =>
            Measured(s, WayTimings.Key(choices[s][i]), WayTimings.Key(choices[s][i]), choices[s][i].Loss, choices[s][i].Parameters, Outcome(s, flextron, shared: false)))]))];
        WayPoint[] Arms(bool shared) => [.. settings.Arms.Where(a => a.Key != flextron).Select(a => new WayPoint(a.Value.Series, a.Key, [.. seeds.Select((seed, s) =>
        {
            WayOutcome outcome = Outcome(s, a.Key, shared);
            bool fewer = shared && WayPlan.Shares(settings, a.Key);
            // Benchmarks are run on the networks that had all the tokens.
            return Measured(s, WayTimings.Key(a.Key, a.Value, seed.Seed, fewer), fewer ? null : WayTimings.Key(a.Key, a.Value, seed.Seed), outcome.After, outcome.Parameters, outcome);
        })]))];
        Original = Outcome(0, whole, shared: false).Before;
        (Each, Together) = ([.. family, .. Arms(shared: false)], [.. family, .. Arms(shared: true)]);
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
