using Flextron.Training;

namespace Flextron.Workbench.PretrainingComparisons;

/// <summary>What one training came to.</summary>
/// <param name="Parameters">Of the model.</param>
/// <param name="Tokens">Read.</param>
/// <param name="Flops">Counted operations of the training.</param>
/// <param name="Steps">Steps at which the loss was measured.</param>
/// <param name="SpentFlops">Operations up to these steps.</param>
/// <param name="Losses">Held-out losses at these steps, of the small model while that is trained; the last is the end.</param>
internal sealed record PretrainingOutcome(
    long Parameters, long Tokens, double Flops, IReadOnlyList<int> Steps, IReadOnlyList<double> SpentFlops, IReadOnlyList<LossEstimate> Losses)
{
    /// <summary>Loss at the end.</summary>
    public double After => Losses[^1].Mean;
}
