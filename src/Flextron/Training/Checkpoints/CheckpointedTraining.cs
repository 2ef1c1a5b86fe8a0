using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;

namespace Flextron.Training.Checkpoints;

/// <summary>Training that loses little when it is interrupted: checkpoints at intervals, at the end, and where it is asked to stop.</summary>
/// <param name="trainer">Restored from the store where it goes on.</param>
/// <param name="store">Where checkpoints go.</param>
/// <param name="every">Steps between checkpoints.</param>
public sealed class CheckpointedTraining(JointTrainer trainer, CheckpointStore store, int every)
{
    private readonly int every = every >= 1 ? every : throw new FlextronException($"A checkpoint every {every} steps is not possible: give 1 or more.");

    /// <summary>Trains until the settings' last step; the parameters are those of <see cref="JointTrainer.Run"/>.</summary>
    /// <exception cref="OperationCanceledException">Stopped; the last checkpoint holds everything up to then.</exception>
    /// <exception cref="FlextronException">Training diverged, or a checkpoint could not be written; the checkpoints before are kept.</exception>
    public void Run(
        TokenCorpus corpus,
        HeldOutLoss? heldOut = null,
        IReadOnlyDictionary<string, SubNetwork>? budgets = null,
        Action<TrainingStep>? onStep = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        int saved = trainer.StepsDone;
        void Save()
        {
            if (trainer.StepsDone == saved) return;
            store.Save(trainer);
            saved = trainer.StepsDone;
        }

        try
        {
            trainer.Run(corpus, heldOut, budgets, step =>
            {
                onStep?.Invoke(step);
                if (step.Step % every == 0 || step.Step == trainer.Settings.Steps) Save();
            }, progress, cancellation);
        }
        catch (OperationCanceledException)
        {
            Save();
            throw;
        }
    }
}
