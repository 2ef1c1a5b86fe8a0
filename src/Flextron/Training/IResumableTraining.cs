using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training;

/// <summary>A training of which a checkpoint can be taken between two steps, and which goes on from there as if it had never stopped.</summary>
public interface IResumableTraining
{
    /// <summary>How. Data order and all that is random is a function of its seed and the step.</summary>
    JointTrainingSettings Settings { get; }

    /// <summary>Type of the matrix products; it must be the same when the training goes on.</summary>
    ScalarType Compute { get; }

    /// <summary>Steps done.</summary>
    int StepsDone { get; }

    /// <summary>Everything that steps change, by the names in a checkpoint: weights and moments. A restored training finds them overwritten.</summary>
    IReadOnlyList<(string Name, Tensor Tensor)> State { get; }

    /// <summary>Watches the loss; its state belongs into checkpoints.</summary>
    LossMonitor Monitor { get; }

    /// <summary>What keeps weights as they are, whose state belongs into checkpoints; null where nothing does.</summary>
    IWeightFreeze? Freeze { get; }

    /// <summary>Continues behind a checkpoint, whose state has been restored.</summary>
    /// <param name="steps">Steps that it has done.</param>
    void GoOnAfter(int steps);
}
