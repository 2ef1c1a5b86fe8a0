using System.Diagnostics;
using System.Text.Json.Nodes;
using Flextron.Storage;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;

namespace Flextron.Workbench.Reruns;

/// <summary>
/// Repeats a run from what it recorded: the same settings, data verified by hash, the same number of threads stage by stage, nothing taken from the store of
/// earlier results. Then says which numbers agree.
/// </summary>
public static class Rerun
{
    /// <summary>Repeats a run.</summary>
    /// <param name="original">A finished run, below its experiment's folder.</param>
    /// <param name="rerun">How it is repeated.</param>
    /// <param name="options">Name of the new run, display, interruption. What an interrupted rerun has finished is kept for the next one.</param>
    /// <exception cref="FlextronException">The run is not finished, its data are not those recorded, or another rerun of it is going on.</exception>
    public static RerunReport Run(RunRecord original, RerunOptions rerun, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(rerun);
        ArgumentNullException.ThrowIfNull(options);
        rerun.Validated();
        if (original.Status.State != RunState.Finished)
            throw new FlextronException($"The run {original.Name} is {original.Status.State.ToString().ToLowerInvariant()}: only a finished run can be repeated and compared.");
        ExperimentFolder experiment = ExperimentFolder.Containing(original.Folder);
        JsonNode settings = original.ReadSettings();
        string source = Path.Combine(original.Folder, "settings.json");
        // The points of a grid are runs of their own.
        RunProvenance[] provenances = original.Provenances();
        int threads = original.ReadEnvironment().LibtorchThreads;
        Dictionary<string, int> recorded = provenances.SelectMany(p => p.Stages).Where(s => s.Threads > 0).DistinctBy(s => s.Name).ToDictionary(s => s.Name, s => s.Threads);

        using FileLock held = FileLock.TryTake(Path.Combine(experiment.CachePath, "locks", $"rerun-{original.Name}.lock"))
            ?? throw new FlextronException($"Another rerun of {original.Name} is going on: wait for it, or stop it.");
        string store = Path.Combine(experiment.CachePath, "reruns", original.Name);
        if (!rerun.AcceptsChangedInputs)
        {
            options = options with { ExpectedInputs = RecordedInputs.Of(provenances) };
            // Before the first stage: the last one's data may be those that have changed, and it may be an hour away.
            options.RequireExpected(ExperimentKinds.Inputs(experiment, settings, source));
        }
        var clock = Stopwatch.StartNew();
        string folder = ExperimentKinds.Run(experiment, settings, source, options with
        {
            StorePath = store,
            ThreadsOf = stage => rerun.Threads ?? recorded.GetValueOrDefault(stage, threads),
        });
        RunAgreement agreement = RunAgreement.Of(original, RunRecord.Open(folder), rerun.Tolerance);
        var report = new RerunReport(original.Name, folder, agreement.Agrees, Math.Round(clock.Elapsed.TotalSeconds, 1), agreement);
        FlextronJson.WriteFile(Path.Combine(folder, RerunReport.FileName), report);
        AtomicFile.WriteAllText(Path.Combine(folder, Path.ChangeExtension(RerunReport.FileName, ".md")), report.ToMarkdown());
        // The next rerun must compute again, or it would compare a copy.
        if (Directory.Exists(store)) Directory.Delete(store, recursive: true);
        return report;
    }
}
