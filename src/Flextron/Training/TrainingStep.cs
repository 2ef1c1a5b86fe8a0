namespace Flextron.Training;

/// <summary>What one optimiser step did.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="Loss">Mean training loss over the step's sub-networks and batches.</param>
/// <param name="LearningRate">The step's rate.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Tokens">Tokens read so far (each counted once, however many sub-networks read it).</param>
/// <param name="Seconds">Time of the step, without the held-out measurement.</param>
/// <param name="HeldOut">Held-out loss by budget label, where it was measured after this step.</param>
public sealed record TrainingStep(
    int Step, double Loss, double LearningRate, double GradientNorm, long Tokens, double Seconds, IReadOnlyDictionary<string, LossEstimate>? HeldOut)
{
    /// <summary>One line of <c>metrics.jsonl</c>; nothing in it depends on the clock, so that equal runs write equal files.</summary>
    public object ToMetrics() => new { Step, Loss, LearningRate, GradientNorm, Tokens, HeldOut = HeldOut?.ToDictionary(b => b.Key, b => b.Value.Mean) };

    /// <summary>The step's values by the tags that TensorBoard shows them under.</summary>
    public IEnumerable<KeyValuePair<string, double>> ToScalars()
    {
        yield return new("training/loss", Loss);
        yield return new("training/learningRate", LearningRate);
        yield return new("training/gradientNorm", GradientNorm);
        yield return new("training/secondsPerStep", Seconds);
        foreach ((string budget, LossEstimate loss) in HeldOut ?? new Dictionary<string, LossEstimate>()) yield return new($"heldOut/{budget}", loss.Mean);
    }
}
