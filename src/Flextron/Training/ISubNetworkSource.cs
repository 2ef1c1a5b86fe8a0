using Flextron.Models;

namespace Flextron.Training;

/// <summary>Decides which sub-networks a training step trains, and hears how they did.</summary>
public interface ISubNetworkSource
{
    /// <summary>The sub-networks of a step, at least one.</summary>
    /// <param name="step">Steps done before this one.</param>
    IReadOnlyList<SubNetwork> At(int step);

    /// <summary>Called after the step, with the training loss of each sub-network in the order of <see cref="At"/>, all on the same batch.</summary>
    /// <param name="step">Steps done before this one.</param>
    /// <param name="losses">As trained: mixed with distillation where that is on.</param>
    void Trained(int step, IReadOnlyList<double> losses)
    {
    }
}
