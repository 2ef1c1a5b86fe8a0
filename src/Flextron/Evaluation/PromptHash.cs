using System.Security.Cryptography;
using System.Text;

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
}
