using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Tokenization;

namespace Flextron.Evaluation;

/// <summary>
/// Splits context + continuation into tokens as lm-evaluation-harness does: whitespace at the end of the context moves to the continuation, both
/// are encoded as one text, and what follows the context's own tokens is the continuation.
/// </summary>
public sealed class RequestEncoder
{
    private readonly Tokenizer _tokenizer;

    /// <summary>Creates an encoder; it is safe to use from several threads.</summary>
    public RequestEncoder(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
    }

    /// <summary>Encodes one request.</summary>
    /// <exception cref="FlextronException">The context is empty and the tokenizer has neither BOS nor EOS to stand for it.</exception>
    public EncodedRequest Encode(string context, string continuation) => EncodeAll([new EvaluationRequest(context, continuation)])[0];

    /// <summary>Encodes the requests of one document; requests with the same context share its array.</summary>
    /// <exception cref="FlextronException">A context is empty and the tokenizer has neither BOS nor EOS to stand for it.</exception>
    public EncodedRequest[] EncodeAll(IReadOnlyList<EvaluationRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var encoded = new EncodedRequest[requests.Count];
        string? lastContext = null;
        int[] contextIds = [];
        for (int i = 0; i < encoded.Length; i++)
        {
            string context = PythonText.TrimEnd(requests[i].Context);
            string continuation = requests[i].Context[context.Length..] + requests[i].Continuation;
            if (context != lastContext)
            {
                contextIds = context.Length == 0 ? [] : WithoutSecondBos(_tokenizer.Encode(context));
                lastContext = context;
            }
            encoded[i] = Split(context, contextIds, continuation);
        }
        return encoded;
    }

    private EncodedRequest Split(string context, int[] contextIds, string continuation)
    {
        if (contextIds.Length == 0)
            return new EncodedRequest(new ContinuationTokens([PrefixToken()], _tokenizer.Encode(context + continuation, addSpecialTokens: false)), false);

        int[] whole = WithoutSecondBos(_tokenizer.Encode(context + continuation));
        if (whole.Length > contextIds.Length)
            return new EncodedRequest(new ContinuationTokens(contextIds, whole[contextIds.Length..]), false);

        // Merged across the boundary. At least the final token is scored.
        int common = whole.AsSpan().CommonPrefixLength(contextIds);
        int split = Math.Max(0, Math.Min(common, whole.Length - 1));
        return new EncodedRequest(new ContinuationTokens(split == 0 ? [PrefixToken()] : whole[..split], whole[split..]), true);
    }

    private int PrefixToken() => _tokenizer.BosId ?? _tokenizer.EosId ?? throw new FlextronException(
        "The tokenizer has neither a BOS nor an EOS token, one of which must stand for an empty context: add one to its configuration.");

    // A text that itself begins with the BOS token, encoded by a tokenizer that also adds it.
    private int[] WithoutSecondBos(int[] ids) =>
        _tokenizer.BosId is int bos && ids.Length > 1 && ids[0] == bos && ids[1] == bos ? ids[1..] : ids;
}
