using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>The gated activation h = silu(g) · u (Shazeer, arXiv 2002.05202) and its gradient, each in one pass over memory.</summary>
internal static unsafe class SwiGluKernels
{
    /// <summary>h from gate and up projection.</summary>
    /// <param name="gate_ND">float32 or bfloat16.</param>
    /// <param name="up_ND">The same type.</param>
    public static Tensor Forward(Tensor gate_ND, Tensor up_ND)
    {
        Tensor gated_ND = empty(gate_ND.shape, gate_ND.dtype);
        if (gate_ND.dtype == ScalarType.Float32) Run<float, Float32Lanes>();
        else Run<ushort, BFloat16Lanes>();
        return gated_ND;

        void Run<T, TLanes>() where T : unmanaged where TLanes : ILanes<T> => KernelTeam.Run(
            new ForwardKernel<T, TLanes> { Gate = TensorPointer.Of<T>(gate_ND), Up = TensorPointer.Of<T>(up_ND), Gated = TensorPointer.Of<T>(gated_ND), Columns = gate_ND.size(1) },
            gate_ND.size(0), grain: 8);
    }

    /// <summary>
    /// Replaces gate and up by their gradients, and the gradient of h by h itself, which the down projection's gradient needs: nothing but gate and up
    /// is kept between the passes.
    /// </summary>
    public static void Backward(Tensor gate_ND, Tensor up_ND, Tensor gradient_ND)
    {
        if (gate_ND.dtype == ScalarType.Float32) Run<float, Float32Lanes>();
        else Run<ushort, BFloat16Lanes>();

        void Run<T, TLanes>() where T : unmanaged where TLanes : ILanes<T> => KernelTeam.Run(
            new BackwardKernel<T, TLanes> { Gate = TensorPointer.Of<T>(gate_ND), Up = TensorPointer.Of<T>(up_ND), Gradient = TensorPointer.Of<T>(gradient_ND), Columns = gate_ND.size(1) },
            gate_ND.size(0), grain: 8);
    }

    private struct ForwardKernel<T, TLanes> : IRowKernel where T : unmanaged where TLanes : ILanes<T>
    {
        public T* Gate, Up, Gated;
        public long Columns;

        public readonly void Run(long start, long end)
        {
            for (long n = start; n < end; n++)
            {
                long c = n * Columns, stop = c + Columns;
                for (; c + 16 <= stop; c += 16)
                {
                    Vector512<float> g = TLanes.Load(Gate + c);
                    TLanes.Store(Gated + c, g / (Vector512<float>.One + Exponential.Of(-g)) * TLanes.Load(Up + c));
                }
                for (; c < stop; c++)
                {
                    float g = TLanes.Get(Gate[c]);
                    Gated[c] = TLanes.Put(g / (1 + MathF.Exp(-g)) * TLanes.Get(Up[c]));
                }
            }
        }
    }

    private struct BackwardKernel<T, TLanes> : IRowKernel where T : unmanaged where TLanes : ILanes<T>
    {
        public T* Gate, Up, Gradient;
        public long Columns;

        // silu(g) = g·s with s = σ(g); its derivative is s·(1 + g·(1 − s)).
        public readonly void Run(long start, long end)
        {
            for (long n = start; n < end; n++)
            {
                long c = n * Columns, stop = c + Columns;
                for (; c + 16 <= stop; c += 16)
                {
                    Vector512<float> g = TLanes.Load(Gate + c), u = TLanes.Load(Up + c), d = TLanes.Load(Gradient + c);
                    Vector512<float> s = Vector512<float>.One / (Vector512<float>.One + Exponential.Of(-g)), silu = g * s;
                    TLanes.Store(Gate + c, d * u * s * (Vector512<float>.One + g - silu));
                    TLanes.Store(Up + c, d * silu);
                    TLanes.Store(Gradient + c, silu * u);
                }
                for (; c < stop; c++)
                {
                    float g = TLanes.Get(Gate[c]), u = TLanes.Get(Up[c]), d = TLanes.Get(Gradient[c]);
                    float s = 1 / (1 + MathF.Exp(-g)), silu = g * s;
                    Gate[c] = TLanes.Put(d * u * s * (1 + g - silu));
                    Up[c] = TLanes.Put(d * silu);
                    Gradient[c] = TLanes.Put(silu * u);
                }
            }
        }
    }
}
