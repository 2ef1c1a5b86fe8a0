using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Flextron.Storage;

namespace Flextron.Data.Shards;

/// <summary>A shard file, mapped: ids are read from the pages where they lie, and a corpus need not fit into memory.</summary>
internal sealed class TokenShard : TokenBlock
{
    private const int ChunkBytes = 1 << 20;
    private readonly MappedFile file;

    private TokenShard(MappedFile file, ShardHeader header)
    {
        this.file = file;
        Header = header;
    }

    /// <summary>Counts and hashes.</summary>
    public ShardHeader Header { get; }

    public override long Length => Header.Tokens;

    public override int LargestId => Header.LargestId;

    private SafeBuffer Bytes => file.View.SafeMemoryMappedViewHandle;

    /// <summary>Maps a shard and checks that its header fits its length.</summary>
    /// <exception cref="FlextronException">Missing, cut off, or not a shard.</exception>
    public static TokenShard Open(string path)
    {
        MappedFile file = MappedFile.Open(path, "a tokenised corpus", ShardHeader.Size);
        try
        {
            ShardHeader header = ShardHeader.Parse(file.Bytes(0, ShardHeader.HashedSize), file.Length)
                ?? throw new FlextronException($"{path} is not a tokenised corpus of this version, or was cut off: delete it and make it again.");
            return new TokenShard(file, header);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads everything once: the content hash, and that no id is above the one the header names.</summary>
    /// <exception cref="FlextronException">The content is not what was written.</exception>
    public void Verify()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            int largest = 0;
            for (long at = ShardHeader.Size; at < file.Length; at += ChunkBytes)
            {
                Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(ChunkBytes, file.Length - at));
                Bytes.ReadSpan<byte>((ulong)at, chunk);
                hash.AppendData(chunk);
                largest = Math.Max(largest, Largest(chunk));
            }
            hash.AppendData(Header.ToBytes());
            if (largest > Header.LargestId || !hash.GetHashAndReset().AsSpan().SequenceEqual(file.Bytes(ShardHeader.HashedSize, ShardHeader.HashSize)))
                throw new FlextronException($"{file.Path} is damaged: its content does not match its own checksum; delete it and make it again.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Refuses ids that a model cannot look up.</summary>
    /// <exception cref="FlextronException">There are some.</exception>
    public void RequireVocabulary(int size)
    {
        if (Header.LargestId >= size)
            throw new FlextronException($"{file.Path} holds ids beyond the model's vocabulary of {size}: tokenise the text with this model's tokenizer.");
    }

    public override void CopyTo(long start, Span<int> destination)
    {
        ulong offset = (ulong)(ShardHeader.Size + start * Header.IdBytes);
        if (Header.IdBytes == 4)
        {
            Bytes.ReadSpan(offset, destination);
            return;
        }
        // In place: the narrow ids lie in the upper half of the destination and are widened from the front.
        Span<ushort> narrow = MemoryMarshal.Cast<int, ushort>(destination)[destination.Length..];
        Bytes.ReadSpan(offset, narrow);
        for (int i = 0; i < destination.Length; i++) destination[i] = narrow[i];
    }

    public override void Dispose() => file.Dispose();

    // Ids of four bytes are compared as unsigned, so that a negative one counts as too large.
    private int Largest(ReadOnlySpan<byte> chunk)
    {
        uint largest = 0;
        if (Header.IdBytes == 2)
        {
            ushort most = 0;
            foreach (ushort id in MemoryMarshal.Cast<byte, ushort>(chunk)) most = Math.Max(most, id);
            largest = most;
        }
        else
        {
            foreach (uint id in MemoryMarshal.Cast<byte, uint>(chunk)) largest = Math.Max(largest, id);
        }
        return (int)Math.Min(largest, int.MaxValue);
    }
}
