using Flextron.Models;

namespace Flextron.Latency;

/// <summary>
/// What is timed: the forward pass over a prompt (logits of its last position only), then steps of one token each with a KV cache.
/// </summary>
/// <remarks>
/// Generation is off by default: through libtorch every operator call costs microseconds, so the decoding of a small model is bound by calls
/// and hardly depends on widths. Prompt processing is bound by arithmetic, which is what a sub-network saves. On the decode engine
/// (<see cref="Inference.Decoding.EngineWorkloadRunner"/>) decoding follows the widths too.
/// </remarks>
/// <param name="Batch">B, sequences at once.</param>
/// <param name="PromptTokens">Tokens of each prompt.</param>
/// <param name="GeneratedTokens">Decode steps after the prompt; with 0 there is no cache.</param>
public sealed record LatencyWorkload(int Batch, int PromptTokens, int GeneratedTokens = 0)
{
    /// <summary>The default for a model: 8 prompts of 256 tokens, or of the whole context where it is shorter.</summary>
    public static LatencyWorkload For(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new LatencyWorkload(8, Math.Min(256, config.ContextLength));
    }

    /// <summary>What a conversation is made of: one prompt of 64 tokens and 32 more, or what of it fits into the context.</summary>
    public static LatencyWorkload Decoding(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int prompt = Math.Max(1, Math.Min(64, config.ContextLength * 2 / 3));
        return new LatencyWorkload(1, prompt, Math.Min(32, config.ContextLength - prompt));
    }

    /// <summary>Checks that a model can run it.</summary>
    /// <exception cref="FlextronException">Nothing to run, or more tokens than the context holds.</exception>
    public LatencyWorkload ValidatedFor(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (Batch < 1 || PromptTokens < 1 || GeneratedTokens < 0)
            throw new FlextronException($"A workload of batch {Batch}, {PromptTokens} prompt tokens and {GeneratedTokens} generated tokens is not possible: batch and prompt are at least 1.");
        if ((long)PromptTokens + GeneratedTokens > config.ContextLength)
            throw new FlextronException($"{PromptTokens} prompt and {GeneratedTokens} generated tokens do not fit the model's context of {config.ContextLength}: shorten one of them.");
        return this;
    }
}
