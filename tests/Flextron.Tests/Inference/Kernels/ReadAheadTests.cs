using Flextron.Inference.Kernels;
using Flextron.Tests.Inference.Decoding;

namespace Flextron.Tests.Inference.Kernels;

/// <summary>Products of matrices so large that their rows are asked for early, against sums in double precision.</summary>
public sealed unsafe class ReadAheadTests
{
    [Theory]
    [InlineData(512, 512, ReadAheadKind.Near)]
    [InlineData(512, 511, ReadAheadKind.Parts)]
    [InlineData(2304, 2304, ReadAheadKind.Far)]
    [InlineData(2304, 100, ReadAheadKind.Parts)]
    public void TheWayFollowsFromTheRows(int stride, int columns, object kind) => Assert.Equal((ReadAheadKind)kind, ReadAhead.For(4 * stride, columns, 4 * columns));

    [Theory]
    [InlineData(512, 512, 1027)]
    [InlineData(512, 300, 1027)]
    [InlineData(520, 520, 1022)]
    [InlineData(2304, 2304, 247)]
    [InlineData(2304, 100, 250)]
    public void RowsThatAreAskedForEarlyGiveTheSameSums(int stride, int columns, int rows)
    {
        var random = new Random(columns);
        float[] x = Numbers(random, 5 * stride), coefficients = Numbers(random, rows), scales = [.. Numbers(random, rows).Select(s => 1 + s / 2)];
        float[] floats = Numbers(random, rows * stride);
        ushort[] halves = [.. floats.Select(f => (ushort)(BitConverter.SingleToUInt32Bits(f) >> 16))];
        sbyte[] bytes = [.. floats.Select(f => (sbyte)(f * 127))];
        fixed (float* f = floats, s = scales, v = x, k = coefficients)
        fixed (ushort* h = halves)
        fixed (sbyte* b = bytes)
        {
            foreach (IKernels kernels in RandomShapes.Kernels)
            {
                Check(kernels, new WeightMatrix((nint)f, 0, rows, stride, WeightFormat.Float32), i => floats[i], v, k, columns);
                Check(kernels, new WeightMatrix((nint)h, 0, rows, stride, WeightFormat.BFloat16), i => BitConverter.UInt32BitsToSingle((uint)halves[i] << 16), v, k, columns);
                Check(kernels, new WeightMatrix((nint)b, (nint)s, rows, stride, WeightFormat.Int8), i => bytes[i], v, k, columns);
            }
        }
    }

    private static void Check(IKernels kernels, in WeightMatrix w, Func<int, float> weight, float* x, float* coefficients, int columns)
    {
        const int Tokens = 3;
        (int rows, int stride) = (w.Rows, w.Columns);
        float[] dots = new float[rows], block = new float[Tokens * rows], sums = new float[columns], scratch = new float[kernels.ScratchFloats(columns, Tokens, 64)];
        fixed (float* y = dots, ys = block, s = sums, room = scratch)
        {
            kernels.Dot(w, 0, rows, x, columns, y);
            kernels.DotBlock(w, 0, rows, x, stride, Tokens, columns, ys, rows, room);
            kernels.Accumulate(w, 0, rows, coefficients, columns, s);
        }
        double[] expected = new double[columns];
        for (int r = 0; r < rows; r++)
        {
            double sum = 0, size = 0;
            for (int c = 0; c < columns; c++)
            {
                double value = weight(r * stride + c) * (double)w.Scale(r);
                sum += value * x[c];
                size += Math.Abs(value * x[c]);
                expected[c] += value * coefficients[r];
            }
            Assert.Equal(sum, dots[r], 1e-5 * size + 1e-6);
            Assert.Equal(dots[r], block[r]);
        }
        for (int c = 0; c < columns; c++) Assert.Equal(expected[c], sums[c], 1e-5 * Math.Sqrt(rows) * (w.Format == WeightFormat.Int8 ? 127 : 1));
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(2 * random.NextDouble() - 1))];
}
