using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Flextron.Storage;

namespace Flextron.Data.Shards;

/// <summary>Fills one shard file; it appears under its name when it is complete, never before.</summary>
internal sealed class ShardWriter : IDisposable
{
    private const int BufferIds = 1 << 16;
    private readonly Stream stream;
    private readonly int idBytes;
    private readonly int[] buffer = new int[BufferIds];
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private int filled, largest;
    private long tokens, documents, characters;

    private ShardWriter(Stream stream, int idBytes)
    {
        this.stream = stream;
        this.idBytes = idBytes;
        stream.Write(new byte[ShardHeader.Size]);
    }

    /// <summary>Bytes that ids up to the largest one need.</summary>
    public static int IdBytesFor(int largestId) => largestId <= ushort.MaxValue ? 2 : 4;

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="idBytes">2 or 4.</param>
    /// <param name="tokenizer">SHA-256 of the tokenizer, or zeros.</param>
    /// <param name="source">SHA-256 of the text, or zeros; asked for when everything is written.</param>
    /// <param name="content">Calls <see cref="Add"/> for every document.</param>
    /// <exception cref="FlextronException">The file cannot be written.</exception>
    public static void Write(string path, int idBytes, byte[] tokenizer, Func<byte[]> source, Action<ShardWriter> content) => AtomicFile.Write(path, stream =>
    {
        using var writer = new ShardWriter(stream, idBytes);
        content(writer);
        writer.Finish(tokenizer, source());
    });

    /// <summary>Appends ids of one or more documents.</summary>
    public void Add(ReadOnlySpan<int> ids, long documentCount, long characterCount)
    {
        (tokens, documents, characters) = (tokens + ids.Length, documents + documentCount, characters + characterCount);
        while (ids.Length > 0)
        {
            int count = Math.Min(ids.Length, BufferIds - filled);
            ids[..count].CopyTo(buffer.AsSpan(filled));
            filled += count;
            ids = ids[count..];
            if (filled == BufferIds) Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();

    private void Flush()
    {
        Span<int> ids = buffer.AsSpan(0, filled);
        foreach (int id in ids)
        {
            if (id < 0 || (idBytes == 2 && id > ushort.MaxValue))
                throw new FlextronException($"The id {id} does not fit into {idBytes} bytes: the tokenizer gives ids outside its own vocabulary.");
            largest = Math.Max(largest, id);
        }
        Span<byte> bytes = MemoryMarshal.AsBytes(ids);
        if (idBytes == 2)
        {
            // Narrowed in place: the i-th narrow id never lies behind the i-th wide one.
            Span<ushort> narrow = MemoryMarshal.Cast<int, ushort>(ids);
            for (int i = 0; i < ids.Length; i++) narrow[i] = (ushort)ids[i];
            bytes = bytes[..(2 * filled)];
        }
        hash.AppendData(bytes);
        stream.Write(bytes);
        filled = 0;
    }

    private void Finish(byte[] tokenizer, byte[] source)
    {
        Flush();
        byte[] header = new ShardHeader(idBytes, largest, tokens, documents, characters, tokenizer, source).ToBytes();
        hash.AppendData(header);
        stream.Position = 0;
        stream.Write(header);
        stream.Write(hash.GetHashAndReset());
        stream.Position = stream.Length;
    }
}
