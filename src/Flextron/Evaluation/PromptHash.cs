using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;

namespace Flextron.Evaluation;

/// <summary>
/// Identity of a benchmark's prompts: SHA-256 over the UTF-8 of context + U+001F + continuation + U+001E of each request in file order, so that
/// two programs can show that they asked the same.
/// </summary>
public static class PromptHash
{
    /// <summary>The hash as lower-case hexadecimal.</summary>
    public static string Of(IEnumerable<EvaluationDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        // Fed piece by piece: few-shot prompts together are hundreds of megabytes.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (EvaluationRequest request in documents.SelectMany(document => document.Requests))
            hash.AppendData(Encoding.UTF8.GetBytes($"{request.Context}\u001f{request.Continuation}\u001e"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Identity of what is scored: the prompts, their tokens, the right answers, the choices by whose length accuracies are normalised, and the subjects.</summary>
    internal static string OfData(string prompts, IEnumerable<EvaluationDocument> documents, IEnumerable<ContinuationTokens> requests)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(prompts));
        int[]? context = null;
        foreach (ContinuationTokens request in requests)
        {
            // Choices share their context's array: it is the same text, which the hash already holds.
            if (request.Context != context) Append(context = request.Context);
            Append(request.Continuation);
        }
        foreach (EvaluationDocument document in documents)
            hash.AppendData(Encoding.UTF8.GetBytes($"{document.Gold}\u001f{document.Subject}\u001f{string.Join('\u001f', document.Choices)}\u001e"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(int[] ids)
        {
            hash.AppendData(BitConverter.GetBytes(ids.Length));
            hash.AppendData(MemoryMarshal.AsBytes<int>(ids));
        }
    }
}
