using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Training.Passes;

/// <summary>Forward and backward pass of one sub-network; gradients add up in a shared float32 buffer in the layout of the weights.</summary>
public interface ITrainingPass : IDisposable
{
    /// <summary>Runs both passes.</summary>
    /// <param name="network">Which slice.</param>
    /// <param name="batch">Its data.</param>
    /// <param name="weight">Factor on the loss whose gradient is added, such as 1/k.</param>
    /// <returns>The mean loss over the batch's tokens, without the factor.</returns>
    double Run(SubNetwork network, TrainingBatch batch, double weight);

    /// <summary>Must be called after the weights have changed: a pass may keep them in another type.</summary>
    void WeightsChanged();

    /// <summary>Must be called after other weights are frozen than before.</summary>
    void FreezeChanged()
    {
    }

    /// <summary>Parameters that are trained beside the model's own, with their optimiser's state, by stable names: what a training checkpoint holds of them. Views, not copies.</summary>
    IReadOnlyList<(string Name, Tensor Tensor)> State => [];

    /// <summary>Moves those parameters, after the model's own have been.</summary>
    /// <param name="step">Steps done before this one.</param>
    /// <param name="learningRate">This step's rate.</param>
    void Step(int step, double learningRate)
    {
    }
}
