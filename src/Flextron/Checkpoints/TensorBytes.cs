using System.Runtime.InteropServices;
using Flextron.Storage;
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
    /// <param name="source">The file.</param>
    /// <param name="offset">Where the elements begin.</param>
    /// <param name="stored">Their type; with <paramref name="codes"/> Float32.</param>
    /// <param name="destination">Receives them.</param>
    /// <param name="codes">Of elements of one byte, the values by code.</param>
    public static void Read(MappedFile source, long offset, ScalarType stored, Tensor destination, IReadOnlyList<float>? codes = null) =>
        Pieces(source, offset, stored, destination, codes, (piece, elements) => piece.copy_(elements));

    /// <summary>Whether consecutive elements of a mapped file, converted, are those of a tensor.</summary>
    public static bool Equal(MappedFile source, long offset, ScalarType stored, Tensor other, IReadOnlyList<float>? codes = null)
    {
        bool equal = true;
        Pieces(source, offset, stored, other, codes, (piece, elements) => equal = equal && piece.eq(elements.to(piece.dtype).to(piece.device)).all().item<bool>());
        return equal;
    }

    private static void Pieces(MappedFile source, long offset, ScalarType stored, Tensor tensor, IReadOnlyList<float>? codes, Action<Tensor, Tensor> use)
    {
        using var noGrad = no_grad();
        Split(tensor, codes is null ? SizeOf(stored) : sizeof(byte), piece =>
        {
            using var scope = NewDisposeScope();
            Tensor buffer = empty(piece.shape, stored, CPU);
            Span<byte> bytes = buffer.bytes;
            if (codes is not null)
            {
                // The codes stand in the last quarter of the values that they become, each of which is read before it is written over.
                Span<float> values = MemoryMarshal.Cast<byte, float>(bytes);
                bytes = bytes[(3 * values.Length)..];
                source.Read(offset, bytes);
                for (int i = 0; i < values.Length; i++) values[i] = codes[bytes[i]];
            }
            else
            {
                source.Read(offset, bytes);
            }
            use(piece, buffer);
            offset += bytes.Length;
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
