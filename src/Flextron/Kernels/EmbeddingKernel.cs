using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>Adds the residual stream's gradient to the embedding rows it came from. Threads share the columns, so every sum has one order.</summary>
internal static unsafe class EmbeddingKernel
{
    /// <summary>Adds rows.</summary>
    /// <param name="gradient_NC">float32.</param>
    /// <param name="ids_N">int64, within the table.</param>
    /// <param name="target_VC">float32 rows, which may stand further apart than they are long.</param>
    public static void Add(Tensor gradient_NC, Tensor ids_N, Tensor target_VC) => KernelTeam.Run(
        new Kernel
        {
            Gradient = TensorPointer.Of<float>(gradient_NC), Ids = TensorPointer.Of<long>(ids_N), Target = TensorPointer.Of<float>(target_VC),
            Count = ids_N.numel(), Columns = gradient_NC.size(1), Stride = target_VC.stride(0),
        }, (gradient_NC.size(1) + Band - 1) / Band, grain: 1);

    private const long Band = 16;

    private struct Kernel : IRowKernel
    {
        public float* Gradient, Target;
        public long* Ids;
        public long Count, Columns, Stride;

        public readonly void Run(long start, long end)
        {
            long from = start * Band, to = Math.Min(Columns, end * Band);
            for (long n = 0; n < Count; n++)
            {
                float* g = Gradient + n * Columns, target = Target + Ids[n] * Stride;
                long c = from;
                for (; c + 16 <= to; c += 16) (Vector512.Load(target + c) + Vector512.Load(g + c)).Store(target + c);
                for (; c < to; c++) target[c] += g[c];
            }
        }
    }
}
