using System.Text.Json.Nodes;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Grids;

/// <summary>Runs an experiment once for each point of a grid, all in one run's folder, and writes up what changes over it.</summary>
public static class GridRun
{
    /// <summary>Runs all points; those that share stages compute them once, and several run side by side where threads and memory allow.</summary>
    /// <param name="kind">The experiment's kind.</param>
    /// <param name="experiment">Its folder.</param>
    /// <param name="settings">What all points share, defaults included.</param>
    /// <param name="grid">What varies.</param>
    /// <param name="source">Where the settings are from, for messages.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <returns>The run's folder; each point's own run lies below <c>points</c>.</returns>
    /// <exception cref="FlextronException">A point's settings cannot be run, which is said before any is begun; or one fails.</exception>
    /// <exception cref="RunStoppedException">All points have come to the stage after which they stop.</exception>
    public static string Run(ExperimentKind kind, ExperimentFolder experiment, JsonNode settings, SettingsGrid grid, string source, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(options);
        // Settings that a record leaves out are filled in first, so that each can be varied.
        IReadOnlyList<GridPoint> points = grid.Points(settings);
        foreach (GridPoint point in points) Check(kind, point, source);
        var all = (JsonObject)settings.DeepClone();
        all[SettingsGrid.Key] = grid.ToJson();
        using ExperimentRun run = experiment.StartRun(all, options with { Until = null });
        string folder = Path.Combine(run.Folder, RunFiles.Points);
        RunStoppedException? stopped = null;
        // Points side by side share the threads; whichever measures has all of them, and the others wait.
        int measuring = options.MeasuringThreads > 0 ? options.MeasuringThreads : StageThreads.Now();
        int workers = SideBySide.Workers(points.Count, kind.Bytes(experiment, settings), options.Parallel);
        GridOutcome?[] outcomes = SideBySide.Run(points.Count, workers, i =>
        {
            options.Cancellation.ThrowIfCancellationRequested();
            run.Say($"point {i + 1} of {points.Count}: {points[i].Setting}{(points[i].Seeds.Length > 0 ? $", {points[i].Seeds}" : "")}");
            try
            {
                string finished = kind.Run(experiment, points[i].Settings, source, options with
                {
                    Name = points[i].FolderName, RunsPath = folder, MeasuringThreads = measuring, Parallel = workers > 1 ? 1 : options.Parallel,
                });
                return GridOutcome.Of(points[i], RunRecord.Open(finished));
            }
            catch (RunStoppedException e)
            {
                stopped = e;
                return null;
            }
        });
        if (stopped is not null) throw new RunStoppedException(stopped.Stage, run.Folder);
        GridReport.Write(run, kind, all, new GridResults(grid, [.. outcomes.OfType<GridOutcome>()]));
        run.Finish();
        return run.Folder;
    }

    private static void Check(ExperimentKind kind, GridPoint point, string source)
    {
        try
        {
            kind.Check(point.Settings, source);
        }
        catch (FlextronException e)
        {
            throw new FlextronException($"At point {point.Number} of the grid ({point.Setting}): {e.Message}", e);
        }
    }
}
