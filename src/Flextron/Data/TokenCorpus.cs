using Flextron.Progress;
using Flextron.Storage;
using Flextron.Tokenization;

namespace Flextron.Data;

/// <summary>A tokenised corpus as one stream of ids, documents end to end.</summary>
/// <remarks>
/// A tokenizer that puts a beginning-of-sequence id in front of a text by its own default marks document starts with it; for any other the
/// end-of-sequence id, where there is one, closes each document.
/// </remarks>
public sealed class TokenCorpus
{
    private readonly int[] ids;

    private TokenCorpus(int[] ids, int documents, long characters)
    {
        this.ids = ids;
        Documents = documents;
        Characters = characters;
    }

    /// <summary>Wraps ids that are tokens already.</summary>
    public static TokenCorpus OfIds(int[] ids) => new(ids, 1, 0);

    /// <summary>Number of tokens.</summary>
    public int Length => ids.Length;

    /// <summary>Number of documents.</summary>
    public int Documents { get; }

    /// <summary>UTF-16 characters of the text, for per-character figures; 0 where only ids are known.</summary>
    public long Characters { get; }

    /// <summary>All ids.</summary>
    public ReadOnlySpan<int> Ids => ids;

    /// <summary>SHA-256 over the ids, little-endian.</summary>
    public string Hash() => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(ids)));

    /// <summary>Tokenises documents.</summary>
    /// <param name="documents">Texts.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maximumTokens">Stops after this many.</param>
    /// <param name="progress">Reports tokens.</param>
    /// <exception cref="FlextronException">Nothing came out.</exception>
    public static TokenCorpus Of(IEnumerable<string> documents, Tokenizer tokenizer, int maximumTokens = int.MaxValue, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var ids = new List<int>();
        (int count, long characters) = (0, 0);
        foreach (string document in documents)
        {
            ids.AddRange(tokenizer.Encode(document));
            if (!tokenizer.AddsBos && tokenizer.EosId is int eos) ids.Add(eos);
            count++;
            characters += document.Length;
            if ((count & 0xff) == 0) progress?.Report(new StageProgress("tokenising", ids.Count, maximumTokens == int.MaxValue ? 0 : maximumTokens));
            if (ids.Count >= maximumTokens) break;
        }
        if (ids.Count < 2) throw new FlextronException("The corpus holds no tokens: give a file with text in it.");
        return new TokenCorpus(ids.Count > maximumTokens ? ids.GetRange(0, maximumTokens).ToArray() : ids.ToArray(), count, characters);
    }
}
