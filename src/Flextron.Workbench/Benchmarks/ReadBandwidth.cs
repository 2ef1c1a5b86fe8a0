using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flextron.Native;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>
/// The speed at which all processors together read memory and do nothing else: the limit of decoding, which reads every weight once a token and
/// writes next to nothing. A triad, which writes a third of what it moves, is the limit of other work.
/// </summary>
internal sealed class ReadBandwidth : IDisposable
{
    /// <summary>Case name.</summary>
    public const string Name = "reading memory";

    /// <summary>Bytes of one run: well beyond any cache.</summary>
    public const double Bytes = (double)Length * sizeof(float);

    private const int Length = 1 << 27;
    private readonly Tensor memory = HugeTensor.Zeros(Length, ScalarType.Float32, CPU);
    private readonly float[] sums = new float[Environment.ProcessorCount];

    /// <summary>Sums the memory, which lies in the same kind of pages as an engine's weights, an equal part on every processor.</summary>
    public BenchmarkCase Case => new(Name, () => Parallel.For(0, sums.Length, i =>
    {
        int part = Length / sums.Length;
        sums[i] = Sum(MemoryMarshal.Cast<byte, float>(memory.bytes).Slice(i * part, part));
    }));

    /// <inheritdoc/>
    public void Dispose() => memory.Dispose();

    /// <summary>Reads memory on one thread. Four independent sums keep enough loads in flight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float Sum(ReadOnlySpan<float> values)
    {
        int lanes = Vector<float>.Count, i = 0;
        Vector<float> a = default, b = default, c = default, d = default;
        for (; i + 4 * lanes <= values.Length; i += 4 * lanes)
        {
            a += new Vector<float>(values[i..]);
            b += new Vector<float>(values[(i + lanes)..]);
            c += new Vector<float>(values[(i + 2 * lanes)..]);
            d += new Vector<float>(values[(i + 3 * lanes)..]);
        }
        float sum = Vector.Sum(a + b + c + d);
        for (; i < values.Length; i++) sum += values[i];
        return sum;
    }
}
