using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Workbench.Comparisons;

/// <summary>
/// Floating-point operations of training, counted, not measured: two per multiply-add of every matrix product, attention over visible keys only,
/// the head at every position; a trained network's forward pass three times (forward, and backward towards activations and weights), the
/// teacher's once.
/// </summary>
/// <param name="config">The model.</param>
/// <param name="length">T, tokens per sequence.</param>
internal sealed class TrainingFlops(ModelConfig config, int length)
{
    private readonly ICostTable table = AnalyticCosts.Flops(config, new LatencyWorkload(1, length));
    private readonly SubNetwork whole = SubNetwork.Full(config);

    /// <summary>Of one sequence's forward pass.</summary>
    // The table's fixed part is the head at one position.
    public double Forward(SubNetwork network) => table.Cost(network) + (length - 1) * table.ForWidth(network.Width).Fixed;

    /// <summary>Of one training step.</summary>
    /// <param name="networks">Trained on the same sequences.</param>
    /// <param name="batch">Sequences of the step.</param>
    /// <param name="teacher">Whether the whole original network reads the batch too.</param>
    public double Step(IReadOnlyList<SubNetwork> networks, int batch, bool teacher) =>
        batch * (3 * networks.Sum(Forward) + (teacher ? Forward(whole) : 0));
}
