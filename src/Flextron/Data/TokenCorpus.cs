using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Flextron.Data.Shards;
using Flextron.Progress;
using Flextron.Tokenization;

namespace Flextron.Data;

/// <summary>
/// A tokenised corpus as one stream of ids, documents end to end, in memory or in mapped shards (see <see cref="ShardedCorpus"/>) alike.
/// </summary>
/// <remarks>
/// A tokenizer that puts a beginning-of-sequence id in front of a text by its own default marks document starts with it; for any other the
/// end-of-sequence id, where there is one, closes each document.
/// </remarks>
public sealed class TokenCorpus : IDisposable
{
    private const int ChunkIds = 1 << 18;
    private readonly TokenBlock[] blocks;
    private readonly long[] starts;
    private readonly long first;
    private readonly bool owns;
    private string? hash;

    private TokenCorpus(TokenBlock[] blocks, long first, long length, long documents, long characters, bool owns)
    {
        (this.blocks, this.first, this.owns) = (blocks, first, owns);
        starts = new long[blocks.Length];
        for (int i = 1; i < blocks.Length; i++) starts[i] = starts[i - 1] + blocks[i - 1].Length;
        (Length, Documents, Characters) = (length, documents, characters);
    }

    /// <summary>Number of tokens.</summary>
    public long Length { get; }

    /// <summary>Number of documents.</summary>
    public long Documents { get; }

    /// <summary>UTF-16 characters of the text, for per-character figures; 0 where only ids are known.</summary>
    public long Characters { get; }

    /// <summary>No id is above it (of a part: of the whole that it is a part of).</summary>
    public int LargestId => blocks.Max(b => b.LargestId);

    /// <summary>Wraps ids that are tokens already.</summary>
    public static TokenCorpus OfIds(int[] ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return new([new ArrayBlock(ids)], 0, ids.Length, 1, 0, owns: true);
    }

    /// <summary>Tokenises documents into memory, on all cores.</summary>
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
        (long count, long characters) = (0, 0);
        foreach (EncodedDocument document in DocumentEncoder.Encode(documents, tokenizer))
        {
            if (ids.Count + (long)document.Ids.Length > Array.MaxLength && maximumTokens > Array.MaxLength)
                throw new FlextronException($"The corpus has more than {Array.MaxLength:N0} tokens, too many for memory: tokenise it into shards.");
            ids.AddRange(document.Ids);
            count++;
            characters += document.Text.Length;
            if ((count & 0xff) == 0) progress?.Report(new StageProgress("tokenising", ids.Count, maximumTokens == int.MaxValue ? 0 : maximumTokens));
            if (ids.Count >= maximumTokens) break;
        }
        if (ids.Count < 2) throw new FlextronException("The corpus holds no tokens: give a file with text in it.");
        int[] kept = ids.Count > maximumTokens ? ids.GetRange(0, maximumTokens).ToArray() : ids.ToArray();
        return new TokenCorpus([new ArrayBlock(kept)], 0, kept.Length, count, characters, owns: true);
    }

    /// <summary>Maps a file that <see cref="Save"/> wrote, after reading it once against its checksum.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vocabularySize">A file with ids at or above it is refused.</param>
    /// <exception cref="FlextronException">Missing, damaged, or made with a larger vocabulary.</exception>
    public static TokenCorpus Load(string path, int vocabularySize)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no tokenised corpus at {path}: run the stage that makes it again.");
        TokenShard shard = TokenShard.Open(path);
        try
        {
            shard.Verify();
            shard.RequireVocabulary(vocabularySize);
        }
        catch
        {
            shard.Dispose();
            throw;
        }
        return OfShards([shard]);
    }

    /// <summary>Writes everything as one shard file.</summary>
    public void Save(string path)
    {
        byte[] unknown = new byte[ShardHeader.HashSize];
        ShardWriter.Write(path, ShardWriter.IdBytesFor(LargestId), unknown, () => unknown, writer =>
        {
            ForEachChunk(ids => writer.Add(ids, 0, 0));
            writer.Add([], Documents, Characters);
        });
    }

    /// <summary>Reads ids.</summary>
    /// <param name="start">The first, from 0.</param>
    /// <param name="destination">As many as fit into it.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all in the corpus.</exception>
    public void CopyTo(long start, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - destination.Length);
        long at = first + start;
        int block = Array.BinarySearch(starts, at);
        // Blocks may be empty: the last of those that start here is the one that holds the id.
        block = block < 0 ? ~block - 1 : block;
        while (destination.Length > 0)
        {
            long within = at - starts[block];
            int count = (int)Math.Clamp(blocks[block].Length - within, 0, destination.Length);
            if (count > 0) blocks[block].CopyTo(within, destination[..count]);
            destination = destination[count..];
            at += count;
            block++;
        }
    }

    /// <summary>Ids as an array, for a corpus or a part of one that is small.</summary>
    public int[] ToArray(long start = 0, int? count = null)
    {
        int[] ids = new int[count ?? checked((int)(Length - start))];
        CopyTo(start, ids);
        return ids;
    }

    /// <summary>A part of it as a corpus, without copying; it stays readable as long as this one is not disposed of.</summary>
    public TokenCorpus Slice(long start, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - length);
        return new TokenCorpus(blocks, first + start, length, 1, 0, owns: false);
    }

    /// <summary>SHA-256 over the ids as 32-bit little-endian integers; the same however the corpus is stored.</summary>
    public string Hash()
    {
        if (hash is not null) return hash;
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ForEachChunk(ids => sha.AppendData(MemoryMarshal.AsBytes(ids)));
        return hash = Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    /// <summary>Unmaps the shards; nothing may read from the corpus or its slices after that.</summary>
    public void Dispose()
    {
        if (!owns) return;
        foreach (TokenBlock block in blocks) block.Dispose();
    }

    /// <summary>Joins blocks; they are disposed of with the corpus.</summary>
    internal static TokenCorpus OfBlocks(IReadOnlyList<TokenBlock> blocks) => new([.. blocks], 0, blocks.Sum(b => b.Length), 1, 0, owns: true);

    /// <summary>Joins verified shards; they are disposed of with the corpus.</summary>
    internal static TokenCorpus OfShards(IReadOnlyList<TokenShard> shards, string knownHash = "") => new(
        [.. shards], 0, shards.Sum(s => s.Length), shards.Sum(s => s.Header.Documents), shards.Sum(s => s.Header.Characters), owns: true)
    {
        hash = knownHash.Length > 0 ? knownHash : null,
    };

    private void ForEachChunk(Action<ReadOnlySpan<int>> action)
    {
        int[] buffer = ArrayPool<int>.Shared.Rent(ChunkIds);
        for (long at = 0; at < Length; at += ChunkIds)
        {
            Span<int> chunk = buffer.AsSpan(0, (int)Math.Min(ChunkIds, Length - at));
            CopyTo(at, chunk);
            action(chunk);
        }
        ArrayPool<int>.Shared.Return(buffer);
    }
}
