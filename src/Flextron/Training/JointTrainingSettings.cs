namespace Flextron.Training;

/// <summary>Settings of joint continued-training; the defaults suit models of a few million parameters.</summary>
public sealed record JointTrainingSettings
{
    /// <summary>Optimiser steps.</summary>
    public int Steps { get; init; } = 300;

    /// <summary>Sequences per batch.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Batches whose gradients are averaged before the optimiser moves.</summary>
    public int BatchesPerStep { get; init; } = 1;

    /// <summary>Tokens per sequence; the model's context where that is shorter.</summary>
    public int SequenceLength { get; init; } = 256;

    /// <summary>Which sub-networks a step trains.</summary>
    public SamplingStrategy Strategy { get; init; } = SamplingStrategy.Sandwich;

    /// <summary>k, sub-networks per step.</summary>
    public int NetworksPerStep { get; init; } = 4;

    /// <summary>Share of random sub-networks whose blocks all have the same width.</summary>
    public double UniformShare { get; init; } = 0.5;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 5e-4;

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmupSteps { get; init; } = 20;

    /// <summary>How the learning rate falls after the warm-up.</summary>
    public ScheduleShape Schedule { get; init; } = ScheduleShape.Cosine;

    /// <summary>Share of all steps in which <see cref="ScheduleShape.WarmupStableDecay"/> falls to the floor.</summary>
    public double DecayShare { get; init; } = 0.2;

    /// <summary>The learning rate that the last step comes near, as a share of the peak.</summary>
    public double FloorShare { get; init; } = 0.1;

    /// <summary>AdamW's first-moment decay.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's second-moment decay.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Decoupled weight decay of matrices; norms are never decayed.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Largest gradient norm; larger ones are scaled down.</summary>
    public double GradientClip { get; init; } = 1.0;

    /// <summary>α in (1 − α)·cross-entropy + α·KL(teacher ‖ student); the teacher is the original model. 0 turns it off.</summary>
    public double DistillationWeight { get; init; } = 0.5;

    /// <summary>Seed of data order and sub-networks.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Held-out losses are measured every so many steps, and at the end; 0 for the end only.</summary>
    public int EvaluateEvery { get; init; } = 100;

    /// <summary>Type of the matrix products; weights, moments, gradient sums and the residual stream are float32 always.</summary>
    public ComputeType Compute { get; init; } = ComputeType.Auto;

    /// <summary>Training stops when the mean loss of the last 32 steps stands this many nats above the lowest such mean; 0 turns that off.</summary>
    public double SpikeTolerance { get; init; } = 1.5;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public JointTrainingSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Training settings: {what}.");
        }

        Require(Steps >= 0, $"steps is {Steps}, give 0 or more");
        Require(BatchSize >= 1, $"batchSize is {BatchSize}, give 1 or more");
        Require(BatchesPerStep >= 1, $"batchesPerStep is {BatchesPerStep}, give 1 or more");
        Require(SequenceLength >= 2, $"sequenceLength is {SequenceLength}, give 2 or more");
        Require(NetworksPerStep >= 1, $"networksPerStep is {NetworksPerStep}, give 1 or more");
        Require(Strategy != SamplingStrategy.Sandwich || NetworksPerStep >= 2, "the sandwich strategy trains the largest and the smallest network: give networksPerStep 2 or more");
        Require(UniformShare is >= 0 and <= 1, $"uniformShare is {UniformShare}, give 0 to 1");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), $"learningRate is {LearningRate}, give a positive number");
        Require(DistillationWeight is >= 0 and <= 1, $"distillationWeight is {DistillationWeight}, give 0 to 1");
        Require(WarmupSteps >= 0, $"warmupSteps is {WarmupSteps}, give 0 or more");
        Require(WeightDecay >= 0 && LearningRate * WeightDecay < 1, $"weightDecay is {WeightDecay}, give 0 or more, and less than one over the learning rate");
        Require(FloorShare is >= 0 and <= 1, $"floorShare is {FloorShare}, give 0 to 1");
        Require(DecayShare is >= 0 and <= 1, $"decayShare is {DecayShare}, give 0 to 1");
        Require(SpikeTolerance >= 0, $"spikeTolerance is {SpikeTolerance}, give 0 or more");
        Require(GradientClip > 0, $"gradientClip is {GradientClip}, give a positive number");
        Require(Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1, $"beta1 {Beta1} and beta2 {Beta2} must lie in 0 … 1");
        return this;
    }
}
