using System.Diagnostics;
using System.Text;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Tokenization;
using TorchSharp;

namespace Flextron.Inference;

/// <summary>
/// Continues a text with a sub-network, one token at a time behind a KV cache: with the decode engine where the model is on the CPU and of a kind
/// that the engine computes, through libtorch otherwise.
/// </summary>
/// <param name="model">The model; it must outlive the generator.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="format">How the decode engine holds the weights.</param>
public sealed class TextGenerator(DecoderModel model, Tokenizer tokenizer, WeightFormat format = WeightFormat.Model) : IDisposable
{
    private DecodeEngine? engine;

    /// <summary>The model.</summary>
    public DecoderModel Model => model;

    /// <summary>The decode engine that generates on the CPU; made at first use, and disposed with the generator.</summary>
    /// <exception cref="FlextronException">The model is on another device.</exception>
    public DecodeEngine Engine => engine ??= new DecodeEngine(model, format);

    /// <summary>The Mixture-of-Depths model that the network belongs to, where it does: texts are then read through its routers.</summary>
    public MixtureModel? Mixture { get; init; }

    /// <summary>Continues a prompt until the token limit, a stop string, the end of the text, or the end of the context.</summary>
    /// <param name="prompt">May be empty: the text then begins behind the beginning-of-sequence id.</param>
    /// <param name="settings">How.</param>
    /// <param name="subNetwork">Which slice; the whole network where null.</param>
    /// <param name="onText">Called with each new piece of text.</param>
    /// <param name="router">Chooses the widths of every token instead of <paramref name="subNetwork"/>; on the CPU only.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <exception cref="FlextronException">The prompt does not fit the context, or the tokenizer does not belong to the model.</exception>
    public GeneratedText Generate(
        string prompt,
        GenerationSettings settings,
        SubNetwork? subNetwork = null,
        Action<string>? onText = null,
        IStepRouter? router = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        int[] promptIds = PromptIds(prompt);
        var sampler = new TokenSampler(settings);
        foreach (int id in promptIds) sampler.Observe(id);
        var decoder = new IncrementalDecoder(tokenizer, promptIds);
        var filter = new StopFilter(settings.Stops);
        var text = new StringBuilder();
        void Show(string piece)
        {
            if (piece.Length == 0) return;
            text.Append(piece);
            onText?.Invoke(piece);
        }

        using ISequence sequence = Begin(subNetwork ?? model.FullNetwork, router, (int)Math.Min((long)promptIds.Length + settings.MaximumTokens, model.Config.ContextLength));
        long began = Stopwatch.GetTimestamp();
        ReadOnlySpan<float> logits_V = sequence.Read(promptIds);
        double promptSeconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        began = Stopwatch.GetTimestamp();
        var ids = new List<int>();
        Span<int> next = stackalloc int[1];
        StopReason stopped = StopReason.TokenLimit;
        // Vocabularies are often padded: an id that the tokenizer has no text for is never drawn.
        int drawable = Math.Min(logits_V.Length, tokenizer.VocabularySize);
        while (ids.Count < settings.MaximumTokens)
        {
            cancellation.ThrowIfCancellationRequested();
            int id = sampler.Next(logits_V[..drawable]);
            if (EndsText(id))
            {
                stopped = StopReason.EndOfText;
                break;
            }
            ids.Add(id);
            sampler.Observe(id);
            Show(filter.Add(decoder.Add(id)));
            if (filter.Found)
            {
                stopped = StopReason.StopString;
                break;
            }
            if (ids.Count == settings.MaximumTokens) break;
            if (sequence.Length == model.Config.ContextLength)
            {
                stopped = StopReason.ContextFull;
                break;
            }
            next[0] = id;
            logits_V = sequence.Read(next);
        }
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Show(filter.Add(decoder.Flush()));
        if (filter.Found) stopped = StopReason.StopString;
        Show(filter.Flush());
        return new GeneratedText(text.ToString(), promptIds, ids, stopped, promptSeconds, seconds, sequence.Length - promptIds.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => engine?.Dispose();

    private ISequence Begin(SubNetwork network, IStepRouter? router, int capacity)
    {
        if (Mixture is not null)
        {
            if (MixtureStepRouter.Serves(Mixture, network)) return new MixtureEngineSequence(Engine, Mixture, network, capacity);
            return format == WeightFormat.Model ? new MixtureSequence(Mixture, network, capacity)
                : throw new FlextronException("Other weight formats need the decode engine, which routes on the CPU at the residual stream's full width: leave them out, or keep that width.");
        }
        if (model.Device.type == DeviceType.CPU && DecodeEngine.Supports(model.Config)) return new EngineSequence(Engine, network, router, capacity);
        if (router is not null || format != WeightFormat.Model)
            throw new FlextronException("Routers that decide per token and other weight formats need the decode engine, which runs models that attend in every block "
                + $"on the CPU; this one is {model.Config.Family} on {model.Device}{(model.Config.Mixers is { } mixers ? $" with {mixers}" : "")}: leave them out.");
        return new TorchSequence(model, network, capacity);
    }

    private int[] PromptIds(string prompt)
    {
        int[] ids = tokenizer.Encode(prompt);
        if (ids.Length == 0)
        {
            ids = [tokenizer.BosId ?? tokenizer.EosId ?? throw new FlextronException(
                "An empty prompt needs a beginning- or end-of-sequence token, and this tokenizer has neither: give a prompt.")];
        }
        ModelConfig config = model.Config;
        int unknown = Array.FindIndex(ids, id => id >= config.VocabularySize);
        if (unknown >= 0)
            throw new FlextronException($"Token id {ids[unknown]} is outside the model's vocabulary of {config.VocabularySize}: use the tokenizer that belongs to the model.");
        return ids.Length <= config.ContextLength
            ? ids
            : throw new FlextronException($"The prompt has {ids.Length} tokens and the model's context holds {config.ContextLength}: shorten it.");
    }

    // A beginning-of-sequence id ends a text too: models trained on documents end to end predict it there.
    private bool EndsText(int id) => model.Config.IsEnd(id) || id == model.Config.BosId || id == tokenizer.EosId || id == tokenizer.BosId;
}
