using Flextron.Importance;
using Flextron.Latency;
using Flextron.Routing;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>The finished stages, read back as the records that the report is drawn from.</summary>
internal sealed class StudyResults(
    StudySettings settings, StageResult corpus, StageResult ranking, StageResult family, StageResult orders, StageResult trained, StageResult profile,
    StageResult routed, StageResult curve, StageResult? benchmarks)
{
    public StudySettings Settings { get; } = settings;

    public IReadOnlyList<CorpusPart> Corpus { get; } = CorpusStage.Parts(corpus);

    public ImportanceScores Importance { get; } = ranking.ReadJson<ImportanceScores>(ImportanceScores.FileName);

    public FamilyChecks Checks { get; } = family.ReadJson<FamilyChecks>("checks.json");

    public IReadOnlyList<OrderComparison> Orders { get; } = orders.ReadJson<OrderComparison[]>("orders.json");

    public TrainingOutcome Training { get; } = trained.ReadJson<TrainingOutcome>("losses.json");

    public IReadOnlyList<MetricRow> TrainingMetrics { get; } = trained.ReadMetrics();

    public LatencyTable Table { get; } = ProfileStage.Load(profile);

    public RoutingReport Routing { get; } = routed.ReadJson<RoutingReport>("routing.json");

    public IReadOnlyList<CurvePoint> Curve { get; } = CurveStage.Points(curve);

    public IReadOnlyList<BenchmarkPoint> Benchmarks { get; } = benchmarks?.ReadJson<BenchmarkPoint[]>("benchmarks.json") ?? [];

    public TimeSpan Duration { get; } = new[] { corpus, ranking, family, orders, trained, profile, routed, curve }.Append(benchmarks)
        .OfType<StageResult>().Aggregate(TimeSpan.Zero, (sum, stage) => sum + stage.Duration);
}
