using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>RMS norm y = x · r · w with r = 1/√(mean(x²) + ε), and its gradient, each in one pass over memory (Zhang and Sennrich, arXiv 1910.07467).</summary>
internal static unsafe class RmsNormKernels
{
    // Rows whose weight gradients are summed before they join the others: fixed, so that the sum does not depend on the number of threads.
    private const long SlabRows = 64;

    /// <summary>Normalises rows.</summary>
    /// <param name="x_NC">float32.</param>
    /// <param name="weight_C">float32 or bfloat16; decides the type of the result.</param>
    /// <param name="epsilon">ε.</param>
    /// <returns>y_NC in the weight's type, and r_N in float32, which the gradient needs.</returns>
    public static (Tensor Normed_NC, Tensor Scale_N) Forward(Tensor x_NC, Tensor weight_C, double epsilon)
    {
        Tensor y_NC = empty(x_NC.shape, weight_C.dtype), scale_N = empty(x_NC.size(0));
        if (weight_C.dtype == ScalarType.Float32) Run<float, Float32Lanes>();
        else Run<ushort, BFloat16Lanes>();
        return (y_NC, scale_N);

        void Run<T, TLanes>() where T : unmanaged where TLanes : ILanes<T> => KernelTeam.Run(
            new ForwardKernel<T, TLanes>
            {
                X = TensorPointer.Of<float>(x_NC), W = TensorPointer.Of<T>(weight_C), Y = TensorPointer.Of<T>(y_NC), Scale = TensorPointer.Of<float>(scale_N),
                Columns = x_NC.size(1), Epsilon = (float)epsilon,
            }, x_NC.size(0), grain: 32);
    }

    /// <summary>Adds the gradient of the norm to that of the residual stream, and to that of the weight.</summary>
    /// <param name="gradient_NC">Gradient of y, in the weight's type.</param>
    /// <param name="x_NC">As in the forward pass.</param>
    /// <param name="scale_N">r of the forward pass.</param>
    /// <param name="weight_C">As in the forward pass.</param>
    /// <param name="target_NC">float32, added to: the gradient of x.</param>
    /// <param name="weightTarget_C">float32, added to: the gradient of w.</param>
    public static void Backward(Tensor gradient_NC, Tensor x_NC, Tensor scale_N, Tensor weight_C, Tensor target_NC, Tensor weightTarget_C)
    {
        using var scope = NewDisposeScope();
        (long rows, long columns) = (x_NC.size(0), x_NC.size(1));
        long slabs = (rows + SlabRows - 1) / SlabRows;
        Tensor partial_SC = zeros(slabs, columns);
        if (weight_C.dtype == ScalarType.Float32) Run<float, Float32Lanes>();
        else Run<ushort, BFloat16Lanes>();
        weightTarget_C.add_(partial_SC.sum([0]));

        void Run<T, TLanes>() where T : unmanaged where TLanes : ILanes<T> => KernelTeam.Run(
            new BackwardKernel<T, TLanes>
            {
                Gradient = TensorPointer.Of<T>(gradient_NC), X = TensorPointer.Of<float>(x_NC), Scale = TensorPointer.Of<float>(scale_N), W = TensorPointer.Of<T>(weight_C),
                Target = TensorPointer.Of<float>(target_NC), Partial = TensorPointer.Of<float>(partial_SC), Rows = rows, Columns = columns,
            }, slabs, grain: 1);
    }

    private struct ForwardKernel<T, TLanes> : IRowKernel where T : unmanaged where TLanes : ILanes<T>
    {
        public float* X, Scale;
        public T* W, Y;
        public long Columns;
        public float Epsilon;

        public readonly void Run(long start, long end)
        {
            for (long n = start; n < end; n++)
            {
                float* x = X + n * Columns;
                T* y = Y + n * Columns;
                float scale = 1 / MathF.Sqrt(SumOfSquares(x, Columns) / Columns + Epsilon);
                Scale[n] = scale;
                Vector512<float> r = Vector512.Create(scale);
                long c = 0;
                for (; c + 16 <= Columns; c += 16) TLanes.Store(y + c, Vector512.Load(x + c) * r * TLanes.Load(W + c));
                for (; c < Columns; c++) y[c] = TLanes.Put(x[c] * scale * TLanes.Get(W[c]));
            }
        }
    }

    private struct BackwardKernel<T, TLanes> : IRowKernel where T : unmanaged where TLanes : ILanes<T>
    {
        public T* Gradient, W;
        public float* X, Scale, Target, Partial;
        public long Rows, Columns;

        // With h = x·r and e = gradient·w: dx = r·(e − h·mean(e·h)), dw = Σ gradient·h.
        public readonly void Run(long start, long end)
        {
            for (long n = start * SlabRows; n < Math.Min(Rows, end * SlabRows); n++)
            {
                T* gradient = Gradient + n * Columns;
                float* x = X + n * Columns, target = Target + n * Columns, partial = Partial + n / SlabRows * Columns;
                float scale = Scale[n], dot = 0;
                Vector512<float> r = Vector512.Create(scale), sum = default;
                long c = 0;
                for (; c + 16 <= Columns; c += 16)
                    sum = Vector512.FusedMultiplyAdd(TLanes.Load(gradient + c) * TLanes.Load(W + c), Vector512.Load(x + c) * r, sum);
                for (; c < Columns; c++) dot += TLanes.Get(gradient[c]) * TLanes.Get(W[c]) * (x[c] * scale);
                dot = (dot + Vector512.Sum(sum)) / Columns;
                Vector512<float> mean = Vector512.Create(dot);
                for (c = 0; c + 16 <= Columns; c += 16)
                {
                    Vector512<float> g = TLanes.Load(gradient + c), h = Vector512.Load(x + c) * r;
                    Vector512.FusedMultiplyAdd(g, h, Vector512.Load(partial + c)).Store(partial + c);
                    Vector512.FusedMultiplyAdd(r, g * TLanes.Load(W + c) - h * mean, Vector512.Load(target + c)).Store(target + c);
                }
                for (; c < Columns; c++)
                {
                    float g = TLanes.Get(gradient[c]), h = x[c] * scale;
                    partial[c] += g * h;
                    target[c] += scale * (g * TLanes.Get(W[c]) - h * dot);
                }
            }
        }
    }

    private static float SumOfSquares(float* x, long count)
    {
        Vector512<float> a = default, b = default;
        long c = 0;
        for (; c + 32 <= count; c += 32)
        {
            Vector512<float> first = Vector512.Load(x + c), second = Vector512.Load(x + c + 16);
            a = Vector512.FusedMultiplyAdd(first, first, a);
            b = Vector512.FusedMultiplyAdd(second, second, b);
        }
        float rest = 0;
        for (; c < count; c++) rest += x[c] * x[c];
        return Vector512.Sum(a + b) + rest;
    }
}
