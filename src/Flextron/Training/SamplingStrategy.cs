namespace Flextron.Training;

/// <summary>Which sub-networks a training step trains (method, section 1.3).</summary>
public enum SamplingStrategy
{
    /// <summary>Only the whole network: ordinary training.</summary>
    Full,

    /// <summary>k random ones.</summary>
    Random,

    /// <summary>A single random one, whatever k is.</summary>
    OnePerStep,

    /// <summary>The whole network, the smallest, and k − 2 random ones (Yu and Huang, arXiv 1903.05134).</summary>
    Sandwich,

    /// <summary>The whole network and k − 1 random ones.</summary>
    FullBiased,
}
