using System.Diagnostics;
using System.Text;
using Flextron.Models;
using Flextron.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference;

/// <summary>Continues a text with a sub-network, one token at a time behind a KV cache.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
public sealed class TextGenerator(DecoderModel model, Tokenizer tokenizer)
{
    /// <summary>Continues a prompt until the token limit, the end of the text, or the end of the context.</summary>
    /// <param name="prompt">May be empty: the text then begins behind the beginning-of-sequence id.</param>
    /// <param name="settings">How.</param>
    /// <param name="subNetwork">Which slice; the whole network where null.</param>
    /// <param name="onText">Called with each new piece of text.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <exception cref="FlextronException">The prompt does not fit the context, or the tokenizer does not belong to the model.</exception>
    public GeneratedText Generate(
        string prompt, GenerationSettings settings, SubNetwork? subNetwork = null, Action<string>? onText = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        SubNetwork network = subNetwork ?? model.FullNetwork;
        int[] promptIds = PromptIds(prompt);
        var sampler = new TokenSampler(settings);
        var decoder = new IncrementalDecoder(tokenizer, promptIds);
        var text = new StringBuilder();
        void Show(string piece)
        {
            if (piece.Length == 0) return;
            text.Append(piece);
            onText?.Invoke(piece);
        }

        using var noGrad = no_grad();
        using KvCache cache = model.NewCache(network, 1, promptIds.Length + settings.MaximumTokens);
        long began = Stopwatch.GetTimestamp();
        float[] logits_V = Logits(network, cache, promptIds);
        double promptSeconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        began = Stopwatch.GetTimestamp();
        var ids = new List<int>();
        StopReason stopped = StopReason.TokenLimit;
        while (ids.Count < settings.MaximumTokens)
        {
            cancellation.ThrowIfCancellationRequested();
            int id = sampler.Next(logits_V);
            if (EndsText(id))
            {
                stopped = StopReason.EndOfText;
                break;
            }
            ids.Add(id);
            Show(decoder.Add(id));
            if (ids.Count == settings.MaximumTokens) break;
            if (cache.Length == model.Config.ContextLength)
            {
                stopped = StopReason.ContextFull;
                break;
            }
            logits_V = Logits(network, cache, [id]);
        }
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Show(decoder.Flush());
        return new GeneratedText(text.ToString(), promptIds, ids, stopped, promptSeconds, seconds);
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

    private float[] Logits(SubNetwork network, KvCache cache, int[] ids)
    {
        using var scope = NewDisposeScope();
        Tensor ids_BT = tensor(ids.Select(i => (long)i).ToArray()).unsqueeze(0).to(model.Device);
        return model.ForwardLast(ids_BT, network, cache)[0].to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    // A beginning-of-sequence id ends a text too: models trained on documents end to end predict it there.
    private bool EndsText(int id) => id == model.Config.EosId || id == model.Config.BosId || id == tokenizer.EosId || id == tokenizer.BosId;
}
