namespace Flextron.Inference;

/// <summary>Why a generation ended.</summary>
public enum StopReason
{
    /// <summary>As many tokens as asked for.</summary>
    TokenLimit,

    /// <summary>The model ended the text.</summary>
    EndOfText,

    /// <summary>The model's context is full.</summary>
    ContextFull,

    /// <summary>One of the stop strings came.</summary>
    StopString,
}
