using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>
/// Moves raw little-endian elements between files and tensors through a small buffer, so that no second copy of a model exists.
/// </summary>
internal static class TensorBytes
{
    /// <summary>Size of the pieces that tensors travel in.</summary>
    private const long PieceBytes = 4 << 20;

    /// <summary>Bytes of one element of a type that weights may be stored in.</summary>
    public static int SizeOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 => 2,
        _ => throw new FlextronException($"Weights cannot be kept as {dtype}: use Float32, Float16 or BFloat16."),
    };

    /// <summary>
    /// Fills a tensor, which may be strided, of another type, and on another device, from consecutive elements of a mapped file.
    /// The caller has checked that they lie within the file.
    /// </summary>
    public static void Read(MemoryMappedViewAccessor source, long offset, ScalarType stored, Tensor destination)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int size = SizeOf(stored);
        Split(destination, size, piece =>
        {
            using Tensor buffer = empty(piece.shape, stored, CPU);
            Span<byte> bytes = buffer.bytes;
            source.SafeMemoryMappedViewHandle.ReadSpan((ulong)offset, bytes);
            piece.copy_(buffer);
            offset += bytes.Length;
        });
    }

    /// <summary>The same for elements of one byte, whose values a table of 256 gives.</summary>
    public static void Read(MemoryMappedViewAccessor source, long offset, IReadOnlyList<float> values, Tensor destination)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        float[] table = [.. values];
        Split(destination, sizeof(byte), piece =>
        {
            using Tensor buffer = empty(piece.shape, ScalarType.Float32, CPU);
            Span<float> floats = MemoryMarshal.Cast<byte, float>(buffer.bytes);
            byte[] codes = ArrayPool<byte>.Shared.Rent(floats.Length);
            source.SafeMemoryMappedViewHandle.ReadSpan((ulong)offset, codes.AsSpan(0, floats.Length));
            for (int i = 0; i < floats.Length; i++) floats[i] = table[codes[i]];
            ArrayPool<byte>.Shared.Return(codes);
            piece.copy_(buffer);
            offset += floats.Length;
        });
    }

    /// <summary>Appends a tensor's elements, in row-major order of its shape, to a stream.</summary>
    /// <exception cref="FlextronException">A finite value does not fit <paramref name="stored"/>.</exception>
    public static void Write(Stream target, Tensor source, ScalarType stored, string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Split(source.detach(), SizeOf(stored), piece =>
        {
            using var inner = NewDisposeScope();
            Tensor converted = piece.to(stored).to(CPU).contiguous();
            // The second look, at what was infinite before, is hardly ever needed.
            if (stored != source.dtype
                && converted.isinf().any().item<bool>()
                && (converted.isinf() & piece.isfinite().to(CPU)).any().item<bool>())
                throw new FlextronException($"{name} has values too large for {stored}: save it as Float32 or BFloat16.");
            target.Write(converted.bytes);
        });
    }

    // Hands over consecutive pieces, in row-major order, as views.
    private static void Split(Tensor tensor, int elementSize, Action<Tensor> use)
    {
        long bytes = tensor.numel() * elementSize;
        if (bytes == 0) return;
        if (bytes <= PieceBytes || tensor.dim() == 0)
        {
            use(tensor);
            return;
        }
        long rows = tensor.shape[0], rowBytes = bytes / rows;
        long step = Math.Max(1, PieceBytes / rowBytes);
        for (long row = 0; row < rows; row += step)
        {
            using Tensor part = rowBytes > PieceBytes ? tensor.select(0, row) : tensor.narrow(0, row, Math.Min(step, rows - row));
            if (rowBytes > PieceBytes) Split(part, elementSize, use);
            else use(part);
        }
    }
}
