using Flextron.Data;
using Flextron.Models;
using Flextron.Storage;
using Flextron.Training;
using Flextron.Training.Checkpoints;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>
/// Training inside a stage, with checkpoints beside it: a run that is stopped, or killed, goes on from the last one and ends with the same weights
/// and the same metrics as one that never stopped.
/// </summary>
internal static class StageTraining
{
    private const string StepsName = "steps.jsonl";

    // What is lost at most is a tenth of the training, or a hundred steps.
    private const int Checkpoints = 10, MostSteps = 100;

    /// <summary>Trains to the settings' last step.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="trainer">Fresh; its model's weights are overwritten where there is a checkpoint.</param>
    /// <param name="corpus">Training tokens.</param>
    /// <param name="heldOut">Measured at intervals and at the end.</param>
    /// <param name="budgets">What is measured, by label.</param>
    /// <param name="onStep">Called for every step in order, those of an earlier attempt too: what it writes and adds up does not depend on interruptions.</param>
    /// <param name="part">Its name where a stage trains more than once, one after another: a part that is finished is not trained again either.</param>
    /// <returns>Seconds that the steps took, over all attempts.</returns>
    /// <exception cref="OperationCanceledException">Stopped; the next attempt goes on from here.</exception>
    /// <exception cref="FlextronException">Training diverged, or a checkpoint could not be written.</exception>
    public static double Run(
        StageContext stage, JointTrainer trainer, TokenCorpus corpus, HeldOutLoss? heldOut = null, IReadOnlyDictionary<string, SubNetwork>? budgets = null,
        Action<TrainingStep>? onStep = null, string? part = null) =>
        Run(stage, trainer, hear => trainer.Run(corpus, heldOut, budgets, hear, stage.Progress, stage.Cancellation), onStep, part);

    /// <summary>The same of any training.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="training">Fresh; its state is overwritten where there is a checkpoint.</param>
    /// <param name="train">Runs it to its last step and calls what it is given after every step.</param>
    /// <param name="onStep">Called for every step in order, those of an earlier attempt too.</param>
    /// <param name="part">Its name where a stage trains more than once.</param>
    /// <returns>Seconds that the steps took, over all attempts.</returns>
    public static double Run(StageContext stage, IResumableTraining training, Action<Action<TrainingStep>> train, Action<TrainingStep>? onStep, string? part)
    {
        string folder = part is null ? stage.Checkpoints : Directory.CreateDirectory(Path.Combine(stage.Checkpoints, part)).FullName, path = Path.Combine(folder, StepsName);
        // The folder belongs to this stage with these settings and inputs alone, so that the training's own settings say enough.
        var store = new CheckpointStore(folder, new TrainingIdentity(training.Settings, new Dictionary<string, string>()));
        double seconds = 0;
        void Take(TrainingStep step)
        {
            seconds += step.Seconds;
            onStep?.Invoke(step);
        }

        if (store.Any && Restore(stage, training, store, path) is { } earlier)
        {
            stage.Say($"{(part is null ? "" : $"{part}: ")}training goes on after step {training.StepsDone} of {training.Settings.Steps}");
            foreach (TrainingStep step in earlier) Take(step);
        }
        using var log = new MetricsLog(path);
        new CheckpointedTraining(training, store, Math.Clamp(training.Settings.Steps / Checkpoints, 1, MostSteps)).Run(train, step =>
        {
            // Logged before the checkpoint is written: one is never without its steps.
            log.Write(step);
            Take(step);
        });
        return seconds;
    }

    /// <summary>Loads the newest sound checkpoint and what was logged up to it; null where the log has gaps, which begins again.</summary>
    private static TrainingStep[]? Restore(StageContext stage, IResumableTraining training, CheckpointStore store, string path)
    {
        Dictionary<int, TrainingStep> logged = Logged(path);
        if (Enumerable.Range(1, store.Steps.Max()).Any(s => !logged.ContainsKey(s)))
        {
            stage.Say("the log of the interrupted training has gaps: it begins again");
            store.Clear();
            File.Delete(path);
            return null;
        }
        int done = store.Restore(training, stage.Say);
        return [.. Enumerable.Range(1, done).Select(s => logged[s])];
    }

    private static Dictionary<int, TrainingStep> Logged(string path)
    {
        try
        {
            // Of a step that was done twice, after a kill, the later attempt counts.
            return MetricsLog.Read(path).Select(r => r.As<TrainingStep>()).OfType<TrainingStep>().GroupBy(s => s.Step).ToDictionary(g => g.Key, g => g.Last());
        }
        catch (FlextronException)
        {
            // Damaged, and nobody's to mend by hand: as good as none.
            return [];
        }
    }
}
