using Flextron.Inference.Kernels;
using Flextron.Tests.Inference.Decoding;

namespace Flextron.Tests.Inference.Kernels;

/// <summary>
/// Products with stored weights at every vector width and in every format: against their closed forms in double precision, blocks of tokens against single ones to the last bit, and
/// nothing read or written beyond the sizes given: memory ends behind every operand, and weights beyond the columns are no numbers.
/// </summary>
public sealed unsafe class ProductKernelTests
{
    private const int Rows = 141, Chunk = 64;

    // How many leading rows each token uses, most first.
    private static readonly int[] Kept = [141, 141, 140, 127, 126, 99, 65, 64, 63, 33, 5, 1, 1];

    public static TheoryData<int, int> Widths
    {
        get
        {
            var data = new TheoryData<int, int>();
            foreach (int columns in (int[])[1, 2, 3, 5, 7, 13, 15, 16, 17, 20, 24, 31, 40, 67, 131, 172, 531])
            {
                data.Add(columns, 0);
                data.Add(columns, 9);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void DotProductsAreTheirSumsHoweverRowsAndTokensAreGrouped(int columns, int beyond)
    {
        float[] x = Random(columns * 11, 2);
        foreach ((IKernels kernels, WeightFormat format) in Cases())
        {
            using var matrix = new Matrix(Rows, columns, beyond, format);
            using GuardedMemory vectors = GuardedMemory.Of<float>(x);
            float[] expected = new float[11 * Rows];
            for (int t = 0; t < 11; t++)
            {
                using GuardedMemory one = GuardedMemory.Of<float>(x.AsSpan(t * columns, columns)), y = GuardedMemory.OfFloats(Rows);
                kernels.Dot(matrix.Weights, 0, Rows, one.Floats, columns, y.Floats);
                y.ToArray().CopyTo(expected, t * Rows);
                for (int r = 0; r < Rows; r++) AssertClose(Enumerable.Range(0, columns).Select(c => matrix.Value(r, c) * x[t * columns + c]), expected[t * Rows + r]);
                // Shares of every size from 1 to 16 rows.
                for (int first = 0, count = 1; first < Rows; first += count, count = count % 16 + 1)
                {
                    count = Math.Min(count, Rows - first);
                    using GuardedMemory part = GuardedMemory.OfFloats(count);
                    kernels.Dot(matrix.Weights, first, count, one.Floats, columns, part.Floats);
                    Assert.Equal(expected.AsSpan(t * Rows + first, count), part.ToArray().AsSpan());
                }
            }
            foreach (int tokens in (int[])[2, 3, 5, 8, 9, 11])
            {
                foreach ((int first, int count) in ((int, int)[])[(0, Rows), (3, 7), (100, 41), (140, 1)])
                {
                    using GuardedMemory y = GuardedMemory.OfFloats((long)tokens * count), scratch = GuardedMemory.OfFloats(kernels.ScratchFloats(columns, tokens, Chunk));
                    kernels.DotBlock(matrix.Weights, first, count, vectors.Floats, columns, tokens, columns, y.Floats, count, scratch.Floats);
                    float[] block = y.ToArray();
                    for (int t = 0; t < tokens; t++) Assert.Equal(expected.AsSpan(t * Rows + first, count), block.AsSpan(t * count, count));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void SumsOfRowsAreTheirSumsHoweverRowsColumnsAndTokensAreGrouped(int columns, int beyond)
    {
        int tokens = Kept.Length;
        float[] coefficients = Random(tokens * Rows, 3), before = Random(tokens * columns, 4), expected = new float[tokens * columns];
        int[] targets = [.. Enumerable.Range(0, tokens).Select(t => t * 5 % tokens)];
        foreach ((IKernels kernels, WeightFormat format) in Cases())
        {
            using var matrix = new Matrix(Rows, columns, beyond, format);
            for (int t = 0; t < tokens; t++)
            {
                using GuardedMemory y = GuardedMemory.Of<float>(before.AsSpan(targets[t] * columns, columns));
                for (int first = 0; first < Kept[t]; first += Chunk)
                {
                    int count = Math.Min(Chunk, Kept[t] - first);
                    using GuardedMemory k = GuardedMemory.Of<float>(coefficients.AsSpan(t * Rows + first, count)), sum = GuardedMemory.Of<float>(new float[columns]);
                    kernels.Accumulate(matrix.Weights, first, count, k.Floats, columns, sum.Floats);
                    float[] together = sum.ToArray();
                    // Row after row, in shares of any size.
                    using GuardedMemory again = GuardedMemory.Of<float>(new float[columns]);
                    for (int r = 0, share = 1; r < count; r += share, share = share % 13 + 1)
                    {
                        share = Math.Min(share, count - r);
                        kernels.Accumulate(matrix.Weights, first + r, share, k.Floats + r, columns, again.Floats);
                    }
                    Assert.Equal(together, again.ToArray());
                    kernels.Add(y.Floats, sum.Floats, columns);
                }
                float[] row = y.ToArray();
                row.CopyTo(expected, targets[t] * columns);
                for (int c = 0; c < columns; c++)
                    AssertClose(Enumerable.Range(0, Kept[t]).Select(r => matrix.Value(r, c) * coefficients[t * Rows + r]).Append(before[targets[t] * columns + c]), row[c]);
            }
            foreach (int most in (int[])[1, 3, 4, 8, 9, 13])
            {
                using GuardedMemory y = GuardedMemory.Of<float>(before), k = GuardedMemory.Of<float>(coefficients);
                using GuardedMemory scratch = GuardedMemory.OfFloats(kernels.ScratchFloats(columns, most, Chunk));
                fixed (int* kept = Kept)
                fixed (int* target = targets)
                {
                    // Threads share out columns by 64.
                    for (int c = 0; c < columns; c += 64)
                        kernels.AccumulateBlock(matrix.Weights, new TokenRows(kept, target, most, 1), Chunk, k.Floats, Rows, c, Math.Min(64, columns - c), y.Floats, columns, scratch.Floats);
                    AssertRows();
                    before.CopyTo(new Span<float>(y.Floats, before.Length));
                    kernels.AccumulateBlock(matrix.Weights, new TokenRows(kept, target, most, 1), Chunk, k.Floats, Rows, 0, columns, y.Floats, columns, scratch.Floats);
                    AssertRows();
                }
                void AssertRows()
                {
                    float[] block = y.ToArray();
                    for (int t = 0; t < tokens; t++)
                        Assert.Equal((t < most ? expected : before).AsSpan(targets[t] * columns, columns), block.AsSpan(targets[t] * columns, columns));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void ARowIsReadAsItIs(int columns, int beyond)
    {
        foreach ((IKernels kernels, WeightFormat format) in Cases())
        {
            using var matrix = new Matrix(3, columns, beyond, format);
            using GuardedMemory y = GuardedMemory.OfFloats(columns);
            for (int r = 0; r < 3; r++)
            {
                kernels.ReadRow(matrix.Weights, r, columns, y.Floats);
                Assert.Equal(Enumerable.Range(0, columns).Select(c => (float)matrix.Value(r, c)), y.ToArray());
            }
        }
    }

    private static IEnumerable<(IKernels Kernels, WeightFormat Format)> Cases() =>
        from kernels in RandomShapes.Kernels from format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.BFloat16, WeightFormat.Int8] select (kernels, format);

    private static float[] Random(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 2 * (float)random.NextDouble() - 1)];
    }

    private static void AssertClose(IEnumerable<double> terms, float actual)
    {
        (double sum, double size) = terms.Aggregate((0.0, 0.0), (s, t) => (s.Item1 + t, s.Item2 + Math.Abs(t)));
        Assert.Equal(sum, actual, 1e-9 + 1e-6 * size);
    }

    // Weights up to a magnitude of one, wider than the columns that are used: what lies beyond must not be looked at. Eight-bit weights have factors, and no value that is no number.
    private sealed class Matrix : IDisposable
    {
        private readonly GuardedMemory data, scales;
        private readonly double[,] values;

        public Matrix(int rows, int columns, int beyond, WeightFormat format)
        {
            int wide = columns + beyond;
            var random = new Random(rows + columns);
            values = new double[rows, columns];
            float[] floats = new float[rows * wide], factors = new float[rows];
            for (int i = 0; i < floats.Length; i++) floats[i] = i % wide >= columns ? i % 3 == 0 ? float.NaN : float.PositiveInfinity : 2 * (float)random.NextDouble() - 1;
            for (int r = 0; r < rows; r++) factors[r] = (1 + (float)random.NextDouble()) / 254;
            ushort[] halves = [.. floats.Select(f => (ushort)(BitConverter.SingleToUInt32Bits(f) >> 16))];
            sbyte[] bytes = [.. floats.Select(f => float.IsFinite(f) ? (sbyte)(127 * f) : (sbyte)-128)];
            data = format switch { WeightFormat.BFloat16 => GuardedMemory.Of<ushort>(halves), WeightFormat.Int8 => GuardedMemory.Of<sbyte>(bytes), _ => GuardedMemory.Of<float>(floats) };
            scales = GuardedMemory.Of<float>(factors);
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < columns; c++)
                {
                    int i = r * wide + c;
                    values[r, c] = format switch
                    {
                        WeightFormat.BFloat16 => BitConverter.UInt32BitsToSingle((uint)halves[i] << 16), WeightFormat.Int8 => bytes[i] * factors[r], _ => floats[i],
                    };
                }
            }
            Weights = new WeightMatrix(data.Address, format == WeightFormat.Int8 ? scales.Address : 0, rows, wide, format);
        }

        public WeightMatrix Weights { get; }

        public double Value(int row, int column) => values[row, column];

        public void Dispose()
        {
            data.Dispose();
            scales.Dispose();
        }
    }
}
