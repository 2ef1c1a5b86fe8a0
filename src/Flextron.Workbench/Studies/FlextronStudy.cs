using Flextron.Selection;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>
/// The whole method as one pipeline of stages: text → ranking → permutation → joint training → latency table → surrogate and routers →
/// selection → benchmarks → report. A stage is computed again only where something it depends on has changed.
/// </summary>
public static class FlextronStudy
{
    /// <summary>What <c>"kind"</c> says for it.</summary>
    public const string KindName = "method";

    /// <summary>The kind of experiment.</summary>
    public static ExperimentKind Kind { get; } = ExperimentKind.Of<StudySettings>(
        KindName, "the whole method on one model: curves of loss and accuracy against measured latency", s => s.Validated(), Run, (folder, s) => TrainingMemory.Of(folder, s.Model, s.Training),
        (folder, s) => [.. Inputs(folder, s).All, .. BenchmarkStage.Data(s.Benchmarks)]) with
    {
        Headlines = ["loss.after.1", "loss.after.0.5", "loss.after.0.25", "loss.after.0.125"],
    };

    /// <summary>Runs it.</summary>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">Resolved settings.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder, whose <c>report.html</c> tells the result.</returns>
    /// <exception cref="FlextronException">Something the experiment names cannot be used.</exception>
    public static string Run(ExperimentFolder experiment, StudySettings settings, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        StudyInputs inputs = Inputs(experiment, settings);
        // Found before the first stage, so that missing data are not noticed after the last but one.
        StageInput[] benchmarkData = BenchmarkStage.Data(settings.Benchmarks);

        using ExperimentRun run = experiment.StartRun(settings, options);
        run.RecordSeed("training", settings.Training.Seed);
        run.RecordSeed("profile", settings.Profile.Table.Seed);
        run.RecordSeed("exploration", settings.Route.Surrogate.Seed);
        run.RecordSeed("routers", settings.Route.Surrogate.Router.Seed);
        run.RecordSeed("surrogate", settings.Route.Surrogate.Surrogate.Seed);
        run.RecordSeed("joint tuning", settings.Route.Joint.Training.Seed);
        (_, StageResult corpus, StageResult ranking, StageResult family) = FamilyStages.Run(run, inputs, settings.Corpus, settings.Rank, settings.Elastic);
        StageResult orders = OrderStage.Run(run, settings, inputs.Model, corpus, family);
        StageResult trained = TrainStage.Run(run, settings, corpus, family);
        StageResult profile = ProfileStage.Run(run, settings.Profile, trained);
        StageResult routed = RouteStage.Run(run, settings.Route, corpus, family, trained, profile);
        StageResult curve = CurveStage.Run(run, settings, corpus, routed, profile);
        StageResult? benchmarks = BenchmarkStage.Run(run, settings.Benchmarks, benchmarkData, routed, curve);
        Assemble(run, routed, profile, curve);
        StudyReport.Write(run, new StudyResults(settings, corpus, ranking, family, orders, trained, profile, routed, curve, benchmarks));
        run.Finish();
        return run.Folder;
    }

    private static StudyInputs Inputs(ExperimentFolder experiment, StudySettings settings) =>
        new StudyPaths(experiment.Path).Inputs(settings.Model, settings.Tokenizer, settings.Corpus.Path);

    /// <summary>Puts the finished family with its table, sensitivities and routers into one folder that every verb accepts.</summary>
    private static void Assemble(ExperimentRun run, StageResult routed, StageResult profile, StageResult curve)
    {
        string family = Path.Combine(run.CheckpointsFolder, ElastifyStage.Family);
        void Copy(string from, string name)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(family, name))!);
            File.Copy(from, Path.Combine(family, name), overwrite: true);
        }

        foreach (StageFile file in routed.Files)
        {
            string prefix = ElastifyStage.Family + "/", name = file.Path.StartsWith(prefix, StringComparison.Ordinal) ? file.Path[prefix.Length..] : file.Path;
            if (name != file.Path || name.StartsWith(FamilyBundle.RoutersName + "/", StringComparison.Ordinal)) Copy(routed.File(file.Path), name);
        }
        Copy(profile.File(FamilyBundle.TableName), FamilyBundle.TableName);
        Copy(curve.File(FamilyBundle.SensitivitiesName), FamilyBundle.SensitivitiesName);
        Copy(curve.File(FamilyBundle.MeasuredName), FamilyBundle.MeasuredName);
        run.Say($"The family with its table and routers: {family}");
    }
}
