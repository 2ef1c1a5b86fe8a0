using Flextron.Inference.Kernels;
using Flextron.Models;
using Flextron.Tests.Inference.Decoding;
using MathNet.Numerics;

namespace Flextron.Tests.Inference.Kernels;

/// <summary>Norms, non-linearities and rotations at every vector width against their closed forms in double precision.</summary>
public sealed unsafe class VectorKernelTests
{
    [Theory]
    [InlineData(ActivationKind.Silu)]
    [InlineData(ActivationKind.Gelu)]
    [InlineData(ActivationKind.GeluTanh)]
    [InlineData(ActivationKind.Relu)]
    public void ActivationsAreTheirClosedForms(ActivationKind kind)
    {
        float[] x = [.. Enumerable.Range(-2000, 4001).Select(i => i * 0.01f), -200, 200, 0, float.NaN];
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            float[] alone = Padded(x), gated = Padded(x), up = Padded([.. x.Select((_, i) => 1 + i % 3)]);
            fixed (float* a = alone, g = gated, u = up)
            {
                kernels.Activate(kind, a, null, x.Length);
                kernels.Activate(kind, g, u, x.Length);
            }
            for (int i = 0; i < x.Length; i++)
            {
                double expected = Exact(kind, x[i]);
                if (double.IsNaN(expected))
                {
                    Assert.True(float.IsNaN(alone[i]) && float.IsNaN(gated[i]));
                    continue;
                }
                Assert.Equal(expected, alone[i], 1e-6 * Math.Max(1, Math.Abs(expected)));
                Assert.Equal(expected * up[i], gated[i], 3e-6 * Math.Max(1, Math.Abs(expected)));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(67)]
    public void LayerNormsKeepTheirDigitsWhereTheMeanIsLarge(int count)
    {
        var random = new Random(count);
        float[] x = [.. Enumerable.Range(0, count).Select(_ => 1000 + (float)random.NextDouble())], weight = [.. x.Select(_ => (float)random.NextDouble())], bias = [.. x.Select(_ => (float)random.NextDouble())];
        double mean = x.Average(v => (double)v), variance = x.Average(v => Math.Pow(v - mean, 2));
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            float[] y = [.. x];
            fixed (float* p = y, w = weight, b = bias) kernels.LayerNorm(p, w, b, count, 1e-5f, p);
            // The mean itself is rounded to a float near a thousand.
            for (int i = 0; i < count; i++) Assert.Equal((x[i] - mean) / Math.Sqrt(variance + 1e-5) * weight[i] + bias[i], y[i], count == 1 ? 1e-6 : 1e-3);
        }
    }

    [Theory]
    [InlineData(24, 24)]
    [InlineData(24, 6)]
    [InlineData(80, 40)]
    [InlineData(10, 0)]
    public void RotationsTurnTheirPartOfAHeadAndScaleAllOfIt(int size, int rotated)
    {
        var random = new Random(1);
        float[] head = [.. Enumerable.Range(0, size).Select(_ => (float)random.NextDouble() - 0.5f)];
        double[] angles = [.. Enumerable.Range(0, rotated / 2).Select(i => 0.3 * (i + 1))];
        float[] cos = Padded([.. angles.Select(a => (float)Math.Cos(a))]), sin = Padded([.. angles.Select(a => (float)Math.Sin(a))]);
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            float[] y = [.. head];
            fixed (float* p = y, c = cos, s = sin) kernels.Rotate(p, rotated, size, c, s, 0.25f);
            for (int i = 0; i < size; i++)
            {
                int half = rotated / 2;
                double expected = i < half ? head[i] * Math.Cos(angles[i]) - head[i + half] * Math.Sin(angles[i])
                    : i < rotated ? head[i] * Math.Cos(angles[i - half]) + head[i - half] * Math.Sin(angles[i - half]) : head[i];
                Assert.Equal(0.25 * expected, y[i], 1e-7);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(17)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(40)]
    [InlineData(172)]
    public void NothingIsReadOrWrittenBeyondTheValues(int count)
    {
        var random = new Random(count);
        float[] Values() => [.. Enumerable.Range(0, count).Select(_ => 2 * (float)random.NextDouble() - 1)];
        float[] x = Values(), w = Values(), b = Values();
        double mean = x.Average(v => (double)v), variance = x.Average(v => Math.Pow(v - mean, 2)), square = x.Average(v => (double)v * v);
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            using GuardedMemory weight = GuardedMemory.Of<float>(w), bias = GuardedMemory.Of<float>(b);
            void Check(Action<nint> work, Func<int, double> expected)
            {
                using GuardedMemory y = GuardedMemory.Of<float>(x);
                work(y.Address);
                Assert.All(y.ToArray().Select((v, i) => (v, i)), p => Assert.Equal(expected(p.i), p.v, 2e-6));
            }

            Check(y => kernels.RmsNorm((float*)y, weight.Floats, count, 1e-5f, (float*)y), i => x[i] / Math.Sqrt(square + 1e-5) * w[i]);
            Check(y => kernels.LayerNorm((float*)y, weight.Floats, bias.Floats, count, 1e-5f, (float*)y), i => (x[i] - mean) / Math.Sqrt(variance + 1e-5) * w[i] + b[i]);
            Check(y => kernels.Add((float*)y, bias.Floats, count), i => x[i] + b[i]);
            // Angles of half as many pairs, and of a third.
            foreach (int half in (int[])[count / 2, count / 3])
            {
                using GuardedMemory cos = GuardedMemory.Of<float>(w.AsSpan(0, half)), sin = GuardedMemory.Of<float>(b.AsSpan(0, half));
                Check(y => kernels.Rotate((float*)y, 2 * half, count, cos.Floats, sin.Floats, 0.5f),
                    i => 0.5 * (i < half ? (double)x[i] * w[i] - (double)x[i + half] * b[i] : i < 2 * half ? (double)x[i] * w[i - half] + (double)x[i - half] * b[i - half] : x[i]));
            }
        }
    }

    private static double Exact(ActivationKind kind, double x) => kind switch
    {
        ActivationKind.Silu => x / (1 + Math.Exp(-x)),
        ActivationKind.Gelu => 0.5 * x * (1 + SpecialFunctions.Erf(x / Math.Sqrt(2))),
        ActivationKind.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        _ => double.IsNaN(x) ? x : Math.Max(x, 0),
    };

    // Kernels may read and write whole vectors.
    private static float[] Padded(float[] values) => [.. values, .. new float[32]];
}
