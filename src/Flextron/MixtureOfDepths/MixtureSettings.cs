namespace Flextron.MixtureOfDepths;

/// <summary>Which blocks route, how many tokens pass them, and how generation decides. The defaults are the paper's best setting (arXiv 2404.02258, section 4).</summary>
public sealed record MixtureSettings
{
    /// <summary>Share of a sequence's tokens that passes a routed block, above 0, at most 1.</summary>
    public double Capacity { get; init; } = 0.125;

    /// <summary>Every how many blocks one routes; 2 routes the second, fourth, …, 1 all of them.</summary>
    public int Every { get; init; } = 2;

    /// <summary>By what a routed block's update is multiplied.</summary>
    public RouterGate Gate { get; init; } = RouterGate.Linear;

    /// <summary>How generation decides.</summary>
    public CausalSampler Sampler { get; init; } = CausalSampler.Predictor;

    /// <summary>Whether the sampler that generation does not use is trained too, so that both can be compared on one model.</summary>
    public bool TrainBothSamplers { get; init; }

    /// <summary>
    /// Weight of the binary cross-entropy of <see cref="CausalSampler.Auxiliary"/> in the loss, where that is trained. The predictor's, which nothing else
    /// feels, always has weight 1.
    /// </summary>
    public double AuxiliaryWeight { get; init; } = 0.01;

    /// <summary>P, hidden neurons of each predictor.</summary>
    public int PredictorNeurons { get; init; } = 64;

    /// <summary>Standard deviation of a fresh router's logits on a residual stream of unit variance.</summary>
    public double InitialScale { get; init; } = 0.1;

    /// <summary>Whether a sampler learns in training.</summary>
    public bool Trains(CausalSampler sampler) => sampler == Sampler || TrainBothSamplers;

    /// <summary>The routed blocks of a model, ascending.</summary>
    /// <param name="blockCount">N.</param>
    public IReadOnlyList<int> RoutedBlocks(int blockCount) => [.. Enumerable.Range(0, blockCount).Where(i => i % Every == Every - 1)];

    /// <summary>k, the tokens of a sequence that pass a routed block: ⌈capacity · T⌉, so that a sequence never goes without.</summary>
    /// <param name="time">T.</param>
    public int Tokens(int time) => Math.Clamp((int)Math.Ceiling(Capacity * time - 1e-9), 1, time);

    /// <summary>Checks the numbers.</summary>
    /// <param name="blockCount">Blocks of the model; 0 where that is not known yet.</param>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public MixtureSettings Validated(int blockCount = 0)
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Mixture-of-Depths settings: {what}.");
        }

        Require(Capacity is > 0 and <= 1, $"capacity is {Capacity}, give more than 0 and at most 1");
        Require(Every >= 1, $"every is {Every}, give 1 or more");
        Require(blockCount == 0 || Every <= blockCount, $"every is {Every} and the model has {blockCount} blocks, so that none would route: give {blockCount} or less");
        Require(AuxiliaryWeight >= 0 && double.IsFinite(AuxiliaryWeight), $"auxiliaryWeight is {AuxiliaryWeight}, give 0 or more");
        Require(PredictorNeurons is >= 1 and <= 1 << 16, $"predictorNeurons is {PredictorNeurons}, give 1 or more");
        Require(InitialScale >= 0 && double.IsFinite(InitialScale), $"initialScale is {InitialScale}, give 0 or more");
        Require(Enum.IsDefined(Gate) && Enum.IsDefined(Sampler), $"gate {Gate} or sampler {Sampler} is not known");
        return this;
    }
}
