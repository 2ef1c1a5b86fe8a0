using System.Runtime.InteropServices;
using Flextron.Inference.Kernels;
using Flextron.Tests.Inference.Decoding;

namespace Flextron.Tests.Inference.Kernels;

/// <summary>Rows of matrices whose bytes, and in eight bits whose weights, are more than an int counts, as tables of large vocabularies have them.</summary>
public sealed unsafe class LargeMatrixTests
{
    private const int Stride = 1 << 16, Rows = 33_000, Used = 90, Tokens = 9;

    // The rows that are used lie on both sides of the 2³¹st byte.
    private const int First = (int)((1L << 31) / Stride) - Used / 2;

    [Theory]
    [InlineData(WeightFormat.Float32)]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    public void RowsBeyondWhatAnIntCountsAreFound(WeightFormat format)
    {
        int size = WeightMatrix.SizeOf(format), wide = Stride / size, columns = wide - 3;
        // Small whole numbers: every sum of them is exact, in whatever order.
        var random = new Random(1);
        sbyte[] weights = [.. Enumerable.Range(0, Used * wide).Select(_ => (sbyte)random.Next(-3, 4))];
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(-1, 2))];
        float[] x = Numbers(Tokens * columns), coefficients = Numbers(Used);
        // Never touched but for the rows that are used: the rest costs no memory.
        void* memory = TryTake((nuint)Rows * Stride);
        Assert.SkipWhen(memory is null, "This system does not lend 2 GiB.");
        try
        {
            for (int i = 0; i < weights.Length; i++) Put((byte*)memory + ((nint)First * wide + i) * size, format, weights[i]);
            float[] scales = Enumerable.Repeat(0.5f, Rows).ToArray();
            fixed (float* s = scales, xs = x, k = coefficients)
            {
                float factor = format == WeightFormat.Int8 ? 0.5f : 1;
                var matrix = new WeightMatrix((nint)memory, format == WeightFormat.Int8 ? (nint)s : 0, Rows, wide, format);
                float Dot(int r, int t) => factor * Enumerable.Range(0, columns).Sum(c => weights[r * wide + c] * (int)x[t * columns + c]);
                float[] expected = [.. Enumerable.Range(0, Tokens * Used).Select(i => Dot(i % Used, i / Used))];
                float[] sums = [.. Enumerable.Range(0, columns).Select(c => factor * Enumerable.Range(0, Used).Sum(r => weights[r * wide + c] * (int)coefficients[r]))];
                foreach (IKernels kernels in RandomShapes.Kernels)
                {
                    float[] one = new float[Used], block = new float[Tokens * Used], sum = new float[columns], row = new float[columns];
                    fixed (float* y = one, ys = block, total = sum, read = row)
                    {
                        kernels.Dot(matrix, First, Used, xs, columns, y);
                        kernels.DotBlock(matrix, First, Used, xs, columns, Tokens, columns, ys, Used);
                        kernels.Accumulate(matrix, First, Used, k, columns, total);
                        kernels.ReadRow(matrix, First + Used - 1, columns, read);
                    }
                    Assert.Equal(expected.AsSpan(0, Used), one.AsSpan());
                    Assert.Equal(expected, block);
                    Assert.Equal(sums, sum);
                    Assert.Equal(weights.AsSpan((Used - 1) * wide, columns).ToArray().Select(w => factor * w), row);
                }
            }
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    [Fact]
    public void TheAddressOfARowIsNoInt()
    {
        // A head of 200,000 words by 16,384 channels: 13 GB.
        var matrix = new WeightMatrix(64, 0, 200_000, 16_384, WeightFormat.Float32);
        Assert.Equal(64 + 199_999L * 16_384 * 4, (long)matrix.Row(199_999));
    }

    private static void Put(byte* at, WeightFormat format, sbyte value)
    {
        switch (format)
        {
            case WeightFormat.Int8: *(sbyte*)at = value; break;
            case WeightFormat.BFloat16: *(ushort*)at = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16); break;
            default: *(float*)at = value; break;
        }
    }

    private static void* TryTake(nuint bytes)
    {
        try
        {
            return NativeMemory.Alloc(bytes);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
