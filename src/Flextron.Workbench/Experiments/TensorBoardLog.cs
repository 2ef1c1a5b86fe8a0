using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// Scalars as a TensorBoard event file: TFRecord frames (length, data, each with a masked CRC-32C) around Event protocol buffers, every row handed to the
/// system before <see cref="Write"/> returns. A run that goes on writes a further file beside the first, as TensorBoard expects.
/// </summary>
public sealed class TensorBoardLog : IDisposable
{
    private readonly string folder;
    private readonly TimeProvider clock;
    private FileStream? stream;

    /// <summary>Opens a log; its file appears with the first row.</summary>
    /// <param name="folder">The folder that <c>tensorboard --logdir</c> is given.</param>
    /// <param name="clock">Dates the rows; the system's by default.</param>
    public TensorBoardLog(string folder, TimeProvider? clock = null) => (this.folder, this.clock) = (folder, clock ?? TimeProvider.System);

    /// <summary>Appends the scalars of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="scalars">By tag, such as <c>loss/heldOut/0.5</c>.</param>
    /// <exception cref="FlextronException">The file cannot be written.</exception>
    public void Write(long step, IEnumerable<KeyValuePair<string, double>> scalars)
    {
        ArgumentNullException.ThrowIfNull(scalars);
        try
        {
            double time = clock.GetUtcNow().ToUnixTimeMilliseconds() / 1e3;
            stream ??= Open(time);
            Frame(stream, Event(time, step, scalars));
            stream.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot write TensorBoard events to {folder}: {e.Message} Free some space or choose another place.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => stream?.Dispose();

    /// <summary>CRC-32C (Castagnoli), masked as TFRecord files do: rotated right by 15 bits, plus a constant.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xffffffff;
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8u;
    }

    private FileStream Open(double time)
    {
        Directory.CreateDirectory(folder);
        // Names sort by time; a process that is resumed within a second must not hit its own older file.
        for (int n = 0; ; n++)
        {
            string path = Path.Combine(folder, FormattableString.Invariant($"events.out.tfevents.{(long)time:0000000000}.flextron.{n}"));
            if (File.Exists(path)) continue;
            var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            using var version = new MemoryStream();
            Double(version, 1, time);
            Bytes(version, 3, "brain.Event:2"u8);
            Frame(file, version.ToArray());
            return file;
        }
    }

    // Event: wall_time = 1, step = 2, summary = 5; Summary: value = 1; Value: tag = 1, simple_value = 2.
    private static byte[] Event(double time, long step, IEnumerable<KeyValuePair<string, double>> scalars)
    {
        using var summary = new MemoryStream();
        foreach ((string tag, double value) in scalars)
        {
            using var entry = new MemoryStream();
            Bytes(entry, 1, Encoding.UTF8.GetBytes(tag));
            entry.WriteByte((2 << 3) | 5);
            Number(entry, (float)value);
            Bytes(summary, 1, entry.ToArray());
        }
        using var result = new MemoryStream();
        Double(result, 1, time);
        result.WriteByte((2 << 3) | 0);
        Varint(result, (ulong)step);
        Bytes(result, 5, summary.ToArray());
        return result.ToArray();
    }

    private static void Frame(Stream target, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[12], tail = stackalloc byte[4];
        BinaryPrimitives.WriteInt64LittleEndian(head, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], MaskedCrc(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, MaskedCrc(data));
        target.Write(head);
        target.Write(data);
        target.Write(tail);
    }

    private static void Double(MemoryStream target, int field, double value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        target.WriteByte((byte)((field << 3) | 1));
        target.Write(bytes);
    }

    private static void Number(MemoryStream target, float value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        target.Write(bytes);
    }

    private static void Bytes(MemoryStream target, int field, ReadOnlySpan<byte> value)
    {
        target.WriteByte((byte)((field << 3) | 2));
        Varint(target, (ulong)value.Length);
        target.Write(value);
    }

    private static void Varint(MemoryStream target, ulong value)
    {
        for (; value >= 0x80; value >>= 7) target.WriteByte((byte)(value | 0x80));
        target.WriteByte((byte)value);
    }
}
