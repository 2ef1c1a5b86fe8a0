using System.Text.Json.Serialization;

namespace Flextron.Models;

/// <summary>
/// What kind of decoder a model is, apart from its numbers: which parts its blocks have and how they compute. The defaults are those of Llama; checkpoint
/// families differ from one another in nothing but this and the names of their tensors.
/// </summary>
public sealed record DecoderArchitecture
{
    /// <summary>RMS norms, rotary positions on whole heads, a gated SiLU MLP, no biases.</summary>
    public static DecoderArchitecture Llama { get; } = new();

    /// <summary>How the residual stream is normed before every part and before the head. Layer norms have a bias.</summary>
    public NormKind Norm { get; init; }

    /// <summary>Whether every query and key head passes an RMS norm of its own before it is rotated.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>Whether query, key and value projections have biases.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether the attention's output projection has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether every projection of the MLP has a bias.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Whether the MLP computes act(gate)·up (Shazeer, arXiv 2002.05202) rather than act(up).</summary>
    public bool GatedMlp { get; init; } = true;

    /// <summary>The MLP's non-linearity.</summary>
    public ActivationKind Activation { get; init; }

    /// <summary>Whether positions are a learned table added to the embedding; they are rotations of queries and keys otherwise.</summary>
    public bool LearnedPositions { get; init; }

    /// <summary>Elements at the beginning of every head that are rotated, even; null for the whole head.</summary>
    public int? RotarySize { get; init; }

    /// <summary>Change of the rotary frequencies; null for none.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Whether attention and MLP of a block read the same input and are added together; one after the other otherwise.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>A token sees itself and at most this many tokens less one before it; null for all before it.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Embeddings are multiplied by this as they enter the residual stream; null: 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? EmbeddingFactor { get; init; }

    /// <summary>What attention and MLP add to the residual stream is multiplied by this; null: 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ResidualFactor { get; init; }

    /// <summary>Products of queries and keys are multiplied by this; null: 1/√H.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AttentionScale { get; init; }

    /// <summary>Logits are divided by this; null: 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LogitDivisor { get; init; }

    /// <summary>Whether the family's checkpoints can say how large a head is; where not, heads × head size must be the hidden size on disk.</summary>
    public bool FreeHeadSize { get; init; } = true;

    /// <summary>Whether layers compute as in Llama: what differs is at most the frequencies of rotations, the window, and how checkpoints are written.</summary>
    [JsonIgnore]
    public bool HasLlamaLayers => this with { RopeScaling = null, SlidingWindow = null, FreeHeadSize = true } == Llama;

    internal void Require(ModelConfig config, Action<bool, string> require)
    {
        require(Enum.IsDefined(Norm) && Enum.IsDefined(Activation) && (RopeScaling is null || Enum.IsDefined(RopeScaling.Kind)), "its norm, its activation or its rotary scaling is of no known kind");
        if (!LearnedPositions)
        {
            require(config.HeadSize % 2 == 0, $"a head size of {config.HeadSize} cannot carry rotary positions, which need an even one");
            require(config.RotarySize % 2 == 0 && config.RotarySize >= 2 && config.RotarySize <= config.HeadSize,
                $"rotary positions on {config.RotarySize} of a head's {config.HeadSize} elements are not possible, which need an even part of it");
        }
        require(SlidingWindow is null or > 0, $"a sliding window of {SlidingWindow} tokens is not possible");
        RopeScaling?.Require(config, require);
        foreach ((string name, double? factor) in (ReadOnlySpan<(string, double?)>)[
            ("embeddings", EmbeddingFactor), ("updates of the residual stream", ResidualFactor), ("products of queries and keys", AttentionScale), ("logits", LogitDivisor)])
            require(factor is null || (factor > 0 && double.IsFinite(factor.Value)), $"a factor of {factor} for {name} is not possible, which must be positive");
        require(ResidualFactor is null || !(OutputBias || MlpBias), "a factor for updates of the residual stream is not computed together with biases of the projections that write it: use a model with one of the two");
    }
}
