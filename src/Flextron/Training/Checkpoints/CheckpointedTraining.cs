namespace Flextron.Training.Checkpoints;

/// <summary>Training that loses little when it is interrupted: checkpoints at intervals, at the end, and where it is asked to stop.</summary>
/// <param name="training">Restored from the store where it goes on.</param>
/// <param name="store">Where checkpoints go.</param>
/// <param name="every">Steps between checkpoints.</param>
public sealed class CheckpointedTraining(IResumableTraining training, CheckpointStore store, int every)
{
    private readonly int every = every >= 1 ? every : throw new FlextronException($"A checkpoint every {every} steps is not possible: give 1 or more.");

    /// <summary>Trains until the settings' last step.</summary>
    /// <param name="train">Runs the training, such as <see cref="JointTrainer.Run"/>, and calls what it is given after every step.</param>
    /// <param name="onStep">Called after every step, before its checkpoint is written.</param>
    /// <exception cref="OperationCanceledException">Stopped; the last checkpoint holds everything up to then.</exception>
    /// <exception cref="FlextronException">Training diverged, or a checkpoint could not be written; the checkpoints before are kept.</exception>
    public void Run(Action<Action<TrainingStep>> train, Action<TrainingStep>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        int saved = training.StepsDone;
        void Save()
        {
            if (training.StepsDone == saved) return;
            store.Save(training);
            saved = training.StepsDone;
        }

        try
        {
            train(step =>
            {
                onStep?.Invoke(step);
                if (step.Step % every == 0 || step.Step == training.Settings.Steps) Save();
            });
        }
        catch (OperationCanceledException)
        {
            Save();
            throw;
        }
    }
}
