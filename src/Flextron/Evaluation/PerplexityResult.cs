namespace Flextron.Evaluation;

/// <summary>How well a model predicts held-out text. All logarithms are natural but for <see cref="BitsPerByte"/>.</summary>
public sealed record PerplexityResult
{
    /// <summary>Tokens predicted.</summary>
    public required long Tokens { get; init; }

    /// <summary>Unicode code points of the text.</summary>
    public required long Characters { get; init; }

    /// <summary>Words: pieces between whitespace.</summary>
    public required long Words { get; init; }

    /// <summary>UTF-8 bytes of the text.</summary>
    public required long Bytes { get; init; }

    /// <summary>Windows the text was cut into.</summary>
    public required int Windows { get; init; }

    /// <summary>Negative log-probability of the whole text, in nats.</summary>
    public required double TotalNll { get; init; }

    /// <summary>Standard error of <see cref="MeanNll"/> over windows (the ratio estimator for windows of unequal length); 0 for one window.</summary>
    public required double MeanNllStderr { get; init; }

    /// <summary>Nats per token; depends on the tokenizer.</summary>
    public double MeanNll => TotalNll / Tokens;

    /// <summary>exp of <see cref="MeanNll"/>.</summary>
    public double Perplexity => Math.Exp(MeanNll);

    /// <summary>Nats per character: comparable between tokenizers.</summary>
    public double NllPerCharacter => TotalNll / Characters;

    /// <summary>Standard error of <see cref="NllPerCharacter"/> over windows.</summary>
    public double NllPerCharacterStderr => MeanNllStderr * Tokens / Characters;

    /// <summary>exp of nats per word.</summary>
    public double WordPerplexity => Math.Exp(TotalNll / Words);

    /// <summary>exp of nats per byte.</summary>
    public double BytePerplexity => Math.Exp(TotalNll / Bytes);

    /// <summary>Bits per byte.</summary>
    public double BitsPerByte => TotalNll / Bytes / Math.Log(2);
}
