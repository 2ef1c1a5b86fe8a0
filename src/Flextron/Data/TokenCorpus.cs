using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
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
    private const int HeaderBytes = 20;
    private readonly int[] ids;

    private TokenCorpus(int[] ids, int documents, long characters)
    {
        this.ids = ids;
        Documents = documents;
        Characters = characters;
    }

    /// <summary>Wraps ids that are tokens already.</summary>
    public static TokenCorpus OfIds(int[] ids) => new(ids, 1, 0);

    private static ReadOnlySpan<byte> Magic => "FLXIDS01"u8;

    /// <summary>Number of tokens.</summary>
    public int Length => ids.Length;

    /// <summary>Number of documents.</summary>
    public int Documents { get; }

    /// <summary>UTF-16 characters of the text, for per-character figures; 0 where only ids are known.</summary>
    public long Characters { get; }

    /// <summary>All ids.</summary>
    public ReadOnlySpan<int> Ids => ids;

    /// <summary>SHA-256 over the ids, little-endian.</summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(ids)));

    /// <summary>Writes the ids as a file of little-endian 32-bit integers behind a header of documents and characters.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Documents);
        BinaryPrimitives.WriteInt64LittleEndian(header[12..], Characters);
        stream.Write(header);
        stream.Write(MemoryMarshal.AsBytes<int>(ids));
    });

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vocabularySize">Ids at or above it are refused.</param>
    /// <exception cref="FlextronException">Missing, damaged, or made with a larger vocabulary.</exception>
    public static TokenCorpus Load(string path, int vocabularySize)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no tokenised corpus at {path}: run the stage that makes it again.");
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < HeaderBytes + 8 || (bytes.Length - HeaderBytes) % 4 != 0 || !bytes.AsSpan(0, 8).SequenceEqual(Magic))
            throw new FlextronException($"{path} is not a tokenised corpus, or was cut off: make it again.");
        int[] ids = MemoryMarshal.Cast<byte, int>(bytes.AsSpan(HeaderBytes)).ToArray();
        if (ids.Any(id => id < 0 || id >= vocabularySize))
            throw new FlextronException($"{path} holds ids beyond the model's vocabulary of {vocabularySize}: tokenise the text with this model's tokenizer.");
        return new TokenCorpus(ids, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(12)));
    }

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
