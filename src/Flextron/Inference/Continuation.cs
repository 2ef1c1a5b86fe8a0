using System.Diagnostics;
using System.Text;
using Flextron.Models;
using Flextron.Tokenization;

namespace Flextron.Inference;

/// <summary>One text in the making: draws from logits, shows what is certain, and knows when it ends. Whoever executes the model asks it for the next token.</summary>
internal sealed class Continuation
{
    private readonly ModelConfig config;
    private readonly Tokenizer tokenizer;
    private readonly GenerationSettings settings;
    private readonly TokenSampler sampler;
    private readonly IncrementalDecoder decoder;
    private readonly StopFilter filter;
    private readonly Action<string>? onText;
    private readonly StringBuilder text = new();
    private readonly List<int> ids = [];
    private readonly long began = Stopwatch.GetTimestamp();
    private StopReason stopped = StopReason.TokenLimit;
    private long prompted, ended;

    /// <summary>Begins behind a prompt; the time of reading it runs.</summary>
    /// <param name="config">The model's.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="settings">How.</param>
    /// <param name="promptIds">The prompt.</param>
    /// <param name="onText">Called with each new piece of text.</param>
    public Continuation(ModelConfig config, Tokenizer tokenizer, GenerationSettings settings, int[] promptIds, Action<string>? onText)
    {
        (this.config, this.tokenizer, this.settings, this.onText, PromptIds) = (config, tokenizer, settings, onText, promptIds);
        sampler = new TokenSampler(settings);
        foreach (int id in promptIds) sampler.Observe(id);
        decoder = new IncrementalDecoder(tokenizer, promptIds);
        filter = new StopFilter(settings.Stops);
    }

    /// <summary>The prompt's ids.</summary>
    public int[] PromptIds { get; }

    /// <summary>Draws the next token.</summary>
    /// <param name="logits_V">Logits after everything read so far.</param>
    /// <param name="length">Tokens read so far, the prompt included.</param>
    /// <returns>What the model has to read next; null where the text has ended.</returns>
    public int? Next(ReadOnlySpan<float> logits_V, int length)
    {
        if (prompted == 0) prompted = Stopwatch.GetTimestamp();
        // Vocabularies are often padded: an id that the tokenizer has no text for is never drawn.
        int id = sampler.Next(logits_V[..Math.Min(logits_V.Length, tokenizer.VocabularySize)]);
        if (EndsText(id)) return End(StopReason.EndOfText);
        ids.Add(id);
        sampler.Observe(id);
        Show(filter.Add(decoder.Add(id)));
        if (filter.Found) return End(StopReason.StopString);
        if (ids.Count == settings.MaximumTokens) return End(StopReason.TokenLimit);
        return length == config.ContextLength ? End(StopReason.ContextFull) : id;
    }

    /// <summary>The text, once it has ended.</summary>
    /// <param name="length">Tokens read, the prompt included.</param>
    public GeneratedText Finish(int length)
    {
        Show(filter.Add(decoder.Flush()));
        if (filter.Found) stopped = StopReason.StopString;
        Show(filter.Flush());
        return new GeneratedText(
            text.ToString(), PromptIds, ids, stopped, Stopwatch.GetElapsedTime(began, prompted).TotalSeconds, Stopwatch.GetElapsedTime(prompted, ended).TotalSeconds, length - PromptIds.Length);
    }

    private int? End(StopReason reason)
    {
        (stopped, ended) = (reason, Stopwatch.GetTimestamp());
        return null;
    }

    private void Show(string piece)
    {
        if (piece.Length == 0) return;
        text.Append(piece);
        onText?.Invoke(piece);
    }

    // A beginning-of-sequence id ends a text too: models trained on documents end to end predict it there.
    private bool EndsText(int id) => config.IsEnd(id) || id == config.BosId || id == tokenizer.EosId || id == tokenizer.BosId;
}
