namespace Flextron.Training;

/// <summary>What one optimiser step did.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="Loss">Mean training loss over the step's sub-networks.</param>
/// <param name="LearningRate">The step's rate.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Tokens">Tokens read so far (each counted once, however many sub-networks read it).</param>
/// <param name="HeldOut">Held-out loss by budget label, where it was measured after this step.</param>
public sealed record TrainingStep(int Step, double Loss, double LearningRate, double GradientNorm, long Tokens, IReadOnlyDictionary<string, LossEstimate>? HeldOut)
{
    /// <summary>One line of <c>metrics.jsonl</c>.</summary>
    public object ToMetrics() => new { Step, Loss, LearningRate, GradientNorm, Tokens, HeldOut = HeldOut?.ToDictionary(b => b.Key, b => b.Value.Mean) };
}
