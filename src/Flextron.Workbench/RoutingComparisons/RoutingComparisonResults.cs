using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;
using MathNet.Numerics.Statistics;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>The finished stages, read back, and the comparisons that the report makes of them.</summary>
internal sealed class RoutingComparisonResults
{
    private readonly Dictionary<string, Quartiles> measured;

    public RoutingComparisonResults(
        RoutingComparisonSettings settings, StageResult corpus, StageResult trained, StageResult profile, IReadOnlyList<SeedStages> seeds, StageResult timings)
    {
        Settings = settings;
        Corpus = CorpusStage.Parts(corpus);
        Training = trained.ReadJson<TrainingOutcome>("losses.json");
        Table = ProfileStage.Load(profile);
        Seeds = [.. seeds.Select(s => s.Seed)];
        Routers = [.. seeds.Select(s => RouterStage.Read(s.Routers))];
        Choices = [.. seeds.Select(s => ChoiceStage.Read(s.Choices))];
        Dynamic = [.. seeds.Select(s => DynamicStage.Read(s.Dynamic))];
        Timings = TimingStage.Read(timings);
        measured = Timings.Networks.ToDictionary(n => n.Network, n => n.Ms);
        Duration = seeds.SelectMany(s => new[] { s.Routers, s.Tuned, s.Choices, s.Dynamic }).Concat([corpus, trained, profile, timings]).Aggregate(TimeSpan.Zero, (sum, stage) => sum + stage.Duration);
    }

    public RoutingComparisonSettings Settings { get; }

    public IReadOnlyList<CorpusPart> Corpus { get; }

    public TrainingOutcome Training { get; }

    public LatencyTable Table { get; }

    public IReadOnlyList<long> Seeds { get; }

    public IReadOnlyList<IReadOnlyList<RouterOutcome>> Routers { get; }

    public IReadOnlyList<SeedChoices> Choices { get; }

    public IReadOnlyList<IReadOnlyList<DynamicOutcome>> Dynamic { get; }

    public IReadOnlyList<DynamicArm> Arms => DynamicArm.Of(Settings);

    public ComparisonTimings Timings { get; }

    public TimeSpan Duration { get; }

    public double[] TargetsMs => [.. Of(0, ChosenNetwork.Router).Select(s => s.TargetMs)];

    /// <summary>A network's measured latency, at table speed.</summary>
    public double Ms(SubNetwork network) => measured[network.ToString()].Median;

    /// <summary>One way's choices of one seed, by target.</summary>
    public ChosenNetwork[] Of(int seed, string way) => [.. Choices[seed].Selections.Where(s => s.Way == way)];

    /// <summary>The router's held-out loss minus a control's at the router's own measured latency, by target and seed; windows are paired.</summary>
    public LossEstimate[][] Against(string control) => [.. Enumerable.Range(0, Settings.Targets).Select(t => Enumerable.Range(0, Seeds.Count).Select(s =>
    {
        ChosenNetwork router = Of(s, ChosenNetwork.Router)[t];
        IEnumerable<ChosenNetwork> others = Of(s, control);
        if (control == ChosenNetwork.Uniform) others = others.Concat(Choices[s].UniformCurve);
        // At the same target a control may use a little more or less time: its curve is read at the router's latency.
        LossEstimate other = others.FirstOrDefault(o => o.Network.Equals(router.Network))?.Loss ?? InterpolatedLoss.At([.. others.Select(o => (Ms(o.Network), o.Loss))], Ms(router.Network));
        return InterpolatedLoss.Difference(router.Loss, other);
    }).ToArray())];

    /// <summary>Dynamic minus static loss at equal counted cost, and at equal realised latency, by target and seed.</summary>
    public (LossEstimate[][] Counted, LossEstimate[][] Realised) DynamicAgainstStatic(DynamicArm arm)
    {
        LossEstimate[][] Compare(Func<int, DynamicPoint, double> of, Func<ChosenNetwork, double> at) => [.. Enumerable.Range(0, Settings.Targets).Select(t => Enumerable.Range(0, Seeds.Count).Select(s =>
        {
            DynamicPoint point = Dynamic[s].Single(d => d.Arm == arm).Points[t];
            return InterpolatedLoss.Difference(point.Loss, InterpolatedLoss.At([.. Of(s, ChosenNetwork.Router).Select(o => (at(o), o.Loss))], of(s, point)));
        }).ToArray())];
        return (Compare((_, p) => p.MeanCostMs, o => o.CostMs), Compare((s, p) => RealisedMs(s, arm, p.Share), o => Ms(o.Network)));
    }

    /// <summary>Wall-clock time of dynamic routing, at table speed.</summary>
    public double RealisedMs(int seed, DynamicArm arm, double share) =>
        Timings.Dynamic.Single(d => d.Seed == Seeds[seed] && d.Arm == arm && d.Share == share).Ms.Median;

    /// <summary>Mean over seeds with its interval; with one seed, over that seed's windows.</summary>
    public static SummaryValue OverSeeds(IReadOnlyList<LossEstimate> losses) => losses.Count == 1
        ? SummaryValue.OfMean(losses[0].Mean, losses[0].StandardError * Math.Sqrt(losses[0].PerWindow.Count), losses[0].PerWindow.Count)
        : SummaryValue.OfMean(losses.Average(l => l.Mean), losses.Select(l => l.Mean).StandardDeviation(), losses.Count);

    /// <summary>The same of plain numbers.</summary>
    public static SummaryValue OverSeeds(IReadOnlyList<double> values) => values.Count == 1 ? values[0] : SummaryValue.OfMean(values.Average(), values.StandardDeviation(), values.Count);

    /// <summary>Random targets of all seeds with what was measured.</summary>
    public IReadOnlyList<(RandomTarget Target, double MeasuredMs)> RandomTargets => [.. Choices.SelectMany(c => c.Random).Select(r => (r, Ms(r.Network)))];
}
