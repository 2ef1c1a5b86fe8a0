using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference.Decoding;

/// <summary>Symmetric 8-bit weights with one scale per row: w ≈ scale · q, q from −127 to 127, scale = max |w| / 127.</summary>
internal static unsafe class Int8Rows
{
    // Rows travel in pieces, so that a converted copy of the whole matrix never exists.
    private const long PieceElements = 1 << 20;

    /// <summary>Quantises a matrix of any float type.</summary>
    /// <param name="matrix_RC">The weights.</param>
    /// <param name="target">R·C bytes.</param>
    /// <param name="scales">R floats.</param>
    public static void Quantize(Tensor matrix_RC, sbyte* target, float* scales)
    {
        (long rows, int columns) = (matrix_RC.size(0), (int)matrix_RC.size(1));
        long step = Math.Max(1, PieceElements / columns);
        for (long first = 0; first < rows; first += step)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(step, rows - first);
            Tensor piece = matrix_RC.detach().narrow(0, first, count).to(ScalarType.Float32).contiguous();
            fixed (byte* source = piece.bytes)
            {
                for (long r = 0; r < count; r++)
                    scales[first + r] = Row(new ReadOnlySpan<float>((float*)source + r * columns, columns), new Span<sbyte>(target + (first + r) * columns, columns));
            }
        }
    }

    // A row of zeros gets scale 0; of a row with an infinite or missing value every weight becomes one, so that the damage shows.
    private static float Row(ReadOnlySpan<float> row, Span<sbyte> target)
    {
        float greatest = 0;
        foreach (float w in row) greatest = MathF.Max(greatest, MathF.Abs(w));
        if (!float.IsFinite(greatest))
        {
            target.Fill(1);
            return float.NaN;
        }
        float scale = greatest / 127, inverse = scale > 0 ? 1 / scale : 0;
        if (!float.IsFinite(inverse)) (scale, inverse) = (0, 0);
        for (int c = 0; c < row.Length; c++) target[c] = (sbyte)Math.Clamp(MathF.Round(row[c] * inverse), -127, 127);
        return scale;
    }
}
