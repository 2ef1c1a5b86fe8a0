namespace Flextron.Mixers;

/// <summary>How a linear recurrence is computed; all three give the same.</summary>
public enum MixerForm
{
    /// <summary>Every pair of tokens at once, as attention does: T² work, no loop.</summary>
    Parallel,

    /// <summary>Pairs within chunks, a state from chunk to chunk: work linear in T, mostly matrix products. What training and prompts use.</summary>
    Chunked,

    /// <summary>Token by token: constant work and memory a token. What generation uses.</summary>
    Recurrent,
}
