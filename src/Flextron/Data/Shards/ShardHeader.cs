using System.Buffers.Binary;

namespace Flextron.Data.Shards;

/// <summary>What stands before the ids of a shard file; all numbers little-endian.</summary>
/// <param name="IdBytes">2 or 4 bytes an id.</param>
/// <param name="LargestId">No id is above it.</param>
/// <param name="Tokens">Number of ids.</param>
/// <param name="Documents">Documents that begin here.</param>
/// <param name="Characters">UTF-16 characters of their text, 0 where only ids were known.</param>
/// <param name="Tokenizer">SHA-256 of the tokenizer, 32 bytes; zeros where it is not known.</param>
/// <param name="Source">SHA-256 of the text that was tokenised, 32 bytes; zeros where it is not known.</param>
internal sealed record ShardHeader(int IdBytes, int LargestId, long Tokens, long Documents, long Characters, byte[] Tokenizer, byte[] Source)
{
    /// <summary>Bytes before the first id.</summary>
    public const int Size = HashedSize + HashSize;

    /// <summary>Bytes that the content hash covers; the hash itself follows them.</summary>
    public const int HashedSize = 104;

    /// <summary>Bytes of a SHA-256.</summary>
    public const int HashSize = 32;

    private static ReadOnlySpan<byte> Magic => "FLXIDS02"u8;

    /// <summary>The header without its hash.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[HashedSize];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), IdBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), LargestId);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Tokens);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Documents);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), Characters);
        Tokenizer.CopyTo(bytes, 40);
        Source.CopyTo(bytes, 72);
        return bytes;
    }

    /// <summary>Reads a header, or returns null where the bytes are not one or its numbers do not fit a file of that length.</summary>
    public static ShardHeader? Parse(ReadOnlySpan<byte> bytes, long fileLength)
    {
        if (bytes.Length < HashedSize || !bytes[..8].SequenceEqual(Magic)) return null;
        int width = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var header = new ShardHeader(
            width, BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            bytes[40..72].ToArray(), bytes[72..104].ToArray());
        bool sound = width is 2 or 4 && header.LargestId >= 0 && header.Documents >= 0 && header.Characters >= 0
            && header.Tokens >= 0 && header.Tokens <= (fileLength - Size) / width && Size + header.Tokens * width == fileLength;
        return sound ? header : null;
    }
}
