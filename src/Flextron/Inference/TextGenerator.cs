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
    /// <summary>Texts that are generated at once: beyond so many, arithmetic and not memory is what a token costs.</summary>
    public const int MostAtOnce = 16;

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
        using ISequence sequence = Begin(subNetwork ?? model.FullNetwork, router, Capacity(promptIds, settings));
        var text = new Continuation(model.Config, tokenizer, settings, promptIds, onText);
        ReadOnlySpan<float> logits_V = sequence.Read(promptIds);
        Span<int> next = stackalloc int[1];
        while (text.Next(logits_V, sequence.Length) is { } id)
        {
            cancellation.ThrowIfCancellationRequested();
            next[0] = id;
            logits_V = sequence.Read(next);
        }
        return text.Finish(sequence.Length);
    }

    /// <summary>
    /// Continues several prompts, on the CPU as many at once as <see cref="MostAtOnce"/>: each reading of the weights then serves them all, and where a text ends the next begins
    /// in its place. Every text is that of <see cref="Generate"/> with the seed of <paramref name="settings"/> plus its number.
    /// </summary>
    /// <param name="prompts">Each as there.</param>
    /// <param name="settings">How.</param>
    /// <param name="subNetwork">Which slice; the whole network where null.</param>
    /// <param name="router">Gives each text, by its number, what chooses the widths of its tokens instead.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>A text for each prompt. Their times overlap.</returns>
    /// <exception cref="FlextronException">A prompt does not fit the context, or the tokenizer does not belong to the model.</exception>
    public IReadOnlyList<GeneratedText> GenerateAll(
        IReadOnlyList<string> prompts, GenerationSettings settings, SubNetwork? subNetwork = null, Func<int, IStepRouter>? router = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        GenerationSettings Of(int text) => settings with { Seed = settings.Seed + text };
        if (!RunsOnEngine) return [.. prompts.Select((p, i) => Generate(p, Of(i), subNetwork, null, router?.Invoke(i), cancellation))];
        int[][] promptIds = [.. prompts.Select(PromptIds)];
        if (promptIds.Length == 0) return [];
        using DecodeBatch batch = Engine.NewBatch(
            Math.Min(MostAtOnce, promptIds.Length), promptIds.Max(ids => Capacity(ids, settings)), widest: router is null ? subNetwork : null);
        var texts = new TextBatch(batch, subNetwork ?? model.FullNetwork);
        return texts.Run(promptIds.Length, i => (new Continuation(model.Config, tokenizer, Of(i), promptIds[i], onText: null), router?.Invoke(i)), cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => engine?.Dispose();

    private bool RunsOnEngine => Mixture is null && model.Device.type == DeviceType.CPU && DecodeEngine.Supports(model.Config);

    private int Capacity(int[] promptIds, GenerationSettings settings) => (int)Math.Min((long)promptIds.Length + settings.MaximumTokens, model.Config.ContextLength);

    private ISequence Begin(SubNetwork network, IStepRouter? router, int capacity)
    {
        if (Mixture is not null)
        {
            if (MixtureStepRouter.Serves(Mixture, network)) return new MixtureEngineSequence(Engine, Mixture, network, capacity);
            return format == WeightFormat.Model ? new MixtureSequence(Mixture, network, capacity)
                : throw new FlextronException("Other weight formats need the decode engine, which routes on the CPU at the residual stream's full width: leave them out, or keep that width.");
        }
        if (RunsOnEngine) return new EngineSequence(Engine, network, router, capacity);
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
}
