using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Selection;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Measures the latency table and checks it on sub-networks that it was not made from.</summary>
internal static class ProfileStage
{
    private const string StageName = "profile";

    // Another machine's table would be refused: what the table is keyed by belongs to the stage's key too.
    public static StageResult Run(ExperimentRun run, ProfileStageSettings settings, StageResult family)
    {
        string source = Path.Combine(family.Folder, ElastifyStage.Family);
        using ElasticFamily elastic = ElasticFamily.Load(source);
        LatencyWorkload workload = settings.Workload ?? LatencyWorkload.For(elastic.Model.Config);
        LatencyKey key = LatencyKey.Of(elastic.Model, workload.ValidatedFor(elastic.Model.Config)) with { Threads = run.MeasuringThreads(StageName) };
        return run.Stage(StageName, new { settings.Table, settings.HeldOutNetworks, key }, [family], stage =>
        {
            using var runner = new TorchWorkloadRunner(elastic.Model, workload, settings.Table.Seed);
            LatencyTable table = LatencyProfiler.Profile(runner, elastic.Space, settings.Table, stage.Progress, stage.Cancellation);
            HonestyReport honesty = TableHonesty.Check(table, runner, elastic.Space, settings.HeldOutNetworks, seed: 1, settings.Table, stage.Progress, stage.Cancellation);
            (table with { HeldOut = honesty }).Save(stage.File(FamilyBundle.TableName));
        }, version: 2, measures: true);
    }

    public static LatencyTable Load(StageResult profile) => LatencyTable.Load(profile.File(FamilyBundle.TableName));
}
