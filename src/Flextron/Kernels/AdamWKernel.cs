using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>One step of AdamW over a rectangle of the flat parameter tensor in one pass over memory; the gradient is zeroed on the way.</summary>
internal static unsafe class AdamWKernel
{
    /// <summary>Numbers of a step.</summary>
    /// <param name="GradientScale">Factor on the gradient, from clipping.</param>
    /// <param name="Decay">What weights are multiplied by: 1 − learning rate · weight decay, or 1.</param>
    /// <param name="StepSize">Learning rate over the first moment's bias correction.</param>
    /// <param name="RootCorrection">One over the square root of the second moment's bias correction.</param>
    /// <param name="Beta1">First-moment decay.</param>
    /// <param name="Beta2">Second-moment decay.</param>
    public readonly record struct Factors(float GradientScale, float Decay, float StepSize, float RootCorrection, float Beta1, float Beta2);

    private const float Epsilon = 1e-8f;
    private const long BlockColumns = 4096;

    /// <summary>Updates a rectangle of weights, moments and gradient: all of one layout, float32, in CPU memory.</summary>
    public static void Run(Tensor weights, Tensor gradient, Tensor first, Tensor second, long start, long rows, long columns, long stride, Factors factors)
    {
        long blocks = (columns + BlockColumns - 1) / BlockColumns;
        KernelTeam.Run(
            new Kernel
            {
                Weights = TensorPointer.Of<float>(weights) + start, Gradient = TensorPointer.Of<float>(gradient) + start,
                First = TensorPointer.Of<float>(first) + start, Second = TensorPointer.Of<float>(second) + start,
                Columns = columns, Stride = stride, Blocks = blocks, Factors = factors,
            }, rows * blocks, grain: Math.Max(1, 8192 / Math.Min(columns, BlockColumns)));
    }

    private struct Kernel : IRowKernel
    {
        public float* Weights, Gradient, First, Second;
        public long Columns, Stride, Blocks;
        public Factors Factors;

        public readonly void Run(long start, long end)
        {
            for (long i = start; i < end; i++)
            {
                long from = i / Blocks * Stride + i % Blocks * BlockColumns, to = i / Blocks * Stride + Math.Min(Columns, (i % Blocks + 1) * BlockColumns);
                Block(from, to);
            }
        }

        // The rest behind the last sixteen is computed with the same operations, one lane at a time.
        private readonly void Block(long from, long to)
        {
            Factors f = Factors;
            long c = from;
            for (; c + 16 <= to; c += 16)
            {
                Vector512<float> g = Vector512.Load(Gradient + c) * f.GradientScale;
                Vector512<float> m = Vector512.FusedMultiplyAdd(g, Vector512.Create(1 - f.Beta1), Vector512.Load(First + c) * f.Beta1);
                Vector512<float> v = Vector512.FusedMultiplyAdd(g * g, Vector512.Create(1 - f.Beta2), Vector512.Load(Second + c) * f.Beta2);
                m.Store(First + c);
                v.Store(Second + c);
                Vector512<float> direction = m / Vector512.FusedMultiplyAdd(Vector512.Sqrt(v), Vector512.Create(f.RootCorrection), Vector512.Create(Epsilon));
                Vector512.FusedMultiplyAdd(direction, Vector512.Create(-f.StepSize), Vector512.Load(Weights + c) * f.Decay).Store(Weights + c);
                Vector512<float>.Zero.Store(Gradient + c);
            }
            for (; c < to; c++)
            {
                float g = Gradient[c] * f.GradientScale;
                float m = MathF.FusedMultiplyAdd(g, 1 - f.Beta1, First[c] * f.Beta1), v = MathF.FusedMultiplyAdd(g * g, 1 - f.Beta2, Second[c] * f.Beta2);
                (First[c], Second[c]) = (m, v);
                Weights[c] = MathF.FusedMultiplyAdd(m / MathF.FusedMultiplyAdd(MathF.Sqrt(v), f.RootCorrection, Epsilon), -f.StepSize, Weights[c] * f.Decay);
                Gradient[c] = 0;
            }
        }
    }
}
