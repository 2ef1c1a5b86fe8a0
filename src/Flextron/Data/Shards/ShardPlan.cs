using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Flextron.Data.Shards;

/// <summary>Where a corpus is cut into shards, by counting characters alone, and the content key of each: known before anything is tokenised.</summary>
/// <param name="Keys">SHA-256 of each shard's documents, in order.</param>
/// <param name="Documents">Documents of each shard.</param>
/// <param name="Characters">UTF-16 characters in all.</param>
internal sealed record ShardPlan(IReadOnlyList<byte[]> Keys, IReadOnlyList<long> Documents, long Characters)
{
    /// <summary>Reads all documents once.</summary>
    /// <param name="documents">The corpus.</param>
    /// <param name="shardCharacters">A shard ends with the document that reaches so many.</param>
    /// <param name="onRead">Told the characters read so far.</param>
    public static ShardPlan Of(IEnumerable<string> documents, long shardCharacters, Action<long>? onRead = null)
    {
        var keys = new List<byte[]>();
        var counts = new List<long>();
        using var key = new DocumentHash();
        long all = 0;
        foreach (string document in documents)
        {
            key.Add(document);
            all += document.Length;
            onRead?.Invoke(all);
            if (key.Characters >= shardCharacters) End();
        }
        if (key.Documents > 0) End();
        return new ShardPlan(keys, counts, all);

        void End()
        {
            counts.Add(key.Documents);
            keys.Add(key.Take());
        }
    }

    /// <summary>SHA-256 over documents, each behind its length, so that no two lists of documents give the same bytes.</summary>
    internal sealed class DocumentHash : IDisposable
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Documents { get; private set; }

        public long Characters { get; private set; }

        public void Add(string document)
        {
            Documents++;
            Characters += document.Length;
            hash.AppendData(BitConverter.GetBytes(document.Length));
            hash.AppendData(MemoryMarshal.AsBytes(document.AsSpan()));
        }

        public byte[] Take()
        {
            (Documents, Characters) = (0, 0);
            return hash.GetHashAndReset();
        }

        public void Dispose() => hash.Dispose();
    }
}
