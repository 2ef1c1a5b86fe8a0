using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>
/// Moves heads between the layout of projections, [B·T, heads·H], and that of attention, where each key/value group's queries stand together:
/// chunks of positions one after the other, in each [B, G, R·positions, H] with R heads per group. Rotary positions are applied, or taken back, on the way.
/// </summary>
internal static unsafe class HeadLayoutKernels
{
    /// <summary>Projections to heads.</summary>
    /// <param name="source_NQ">float32 or bfloat16.</param>
    /// <param name="shape">The layout.</param>
    /// <param name="rotary">Angles; null moves without rotating.</param>
    /// <returns>float32, all chunks end to end.</returns>
    public static Tensor ToHeads(Tensor source_NQ, HeadShape shape, (Tensor Cos_TI, Tensor Sin_TI)? rotary)
    {
        Tensor heads = empty(source_NQ.numel());
        Move(source_NQ, heads, shape, rotary, toHeads: true);
        return heads;
    }

    /// <summary>Heads to projections; rotates back.</summary>
    /// <param name="heads">float32, all chunks end to end.</param>
    /// <param name="shape">The layout.</param>
    /// <param name="rotary">Angles to take back; null moves without rotating.</param>
    /// <param name="dtype">Type of the result.</param>
    public static Tensor FromHeads(Tensor heads, HeadShape shape, (Tensor Cos_TI, Tensor Sin_TI)? rotary, ScalarType dtype)
    {
        Tensor target_NQ = empty([shape.Batch * shape.Time, shape.Groups * shape.HeadsPerGroup * shape.HeadSize], dtype);
        Move(target_NQ, heads, shape, rotary, toHeads: false);
        return target_NQ;
    }

    private static void Move(Tensor rows_NQ, Tensor heads, HeadShape shape, (Tensor Cos_TI, Tensor Sin_TI)? rotary, bool toHeads)
    {
        if (rows_NQ.dtype == ScalarType.Float32) Run<float, Float32Lanes>();
        else Run<ushort, BFloat16Lanes>();

        void Run<T, TLanes>() where T : unmanaged where TLanes : ILanes<T> => KernelTeam.Run(
            new Kernel<T, TLanes>
            {
                Rows = TensorPointer.Of<T>(rows_NQ), Heads = TensorPointer.Of<float>(heads), Shape = shape, ToHeads = toHeads,
                Cos = rotary is null ? null : TensorPointer.Of<float>(rotary.Value.Cos_TI), Sin = rotary is null ? null : TensorPointer.Of<float>(rotary.Value.Sin_TI),
            }, shape.Batch * shape.Time, grain: 16);
    }

    private struct Kernel<T, TLanes> : IRowKernel where T : unmanaged where TLanes : ILanes<T>
    {
        public T* Rows;
        public float* Heads, Cos, Sin;
        public HeadShape Shape;
        public bool ToHeads;

        public readonly void Run(long start, long end)
        {
            float* buffer = stackalloc float[(int)Shape.HeadSize];
            long size = Shape.HeadSize, half = size / 2, count = Shape.Groups * Shape.HeadsPerGroup;
            for (long n = start; n < end; n++)
            {
                (long b, long t) = (n / Shape.Time, n % Shape.Time);
                for (long head = 0; head < count; head++)
                {
                    T* row = Rows + (n * count + head) * size;
                    float* at = Heads + Shape.Offset(b, t, head);
                    if (ToHeads)
                    {
                        Widen(row, buffer, size);
                        if (Cos == null) Buffer.MemoryCopy(buffer, at, size * sizeof(float), size * sizeof(float));
                        else Rotate(buffer, at, Cos + t * half, Sin + t * half, half, 1);
                    }
                    else
                    {
                        if (Cos != null) Rotate(at, buffer, Cos + t * half, Sin + t * half, half, -1);
                        Narrow(Cos == null ? at : buffer, row, size);
                    }
                }
            }
        }

        private static void Rotate(float* from, float* to, float* cos, float* sin, long half, float sign)
        {
            long i = 0;
            for (; i + 8 <= half; i += 8)
            {
                Vector256<float> a = Vector256.Load(from + i), b = Vector256.Load(from + half + i), c = Vector256.Load(cos + i), s = Vector256.Load(sin + i) * sign;
                (a * c - b * s).Store(to + i);
                (b * c + a * s).Store(to + half + i);
            }
            for (; i < half; i++)
            {
                (float a, float b, float c, float s) = (from[i], from[half + i], cos[i], sin[i] * sign);
                to[i] = a * c - b * s;
                to[half + i] = b * c + a * s;
            }
        }

        private static void Widen(T* from, float* to, long count)
        {
            long i = 0;
            for (; i + 16 <= count; i += 16) TLanes.Load(from + i).Store(to + i);
            for (; i < count; i++) to[i] = TLanes.Get(from[i]);
        }

        private static void Narrow(float* from, T* to, long count)
        {
            long i = 0;
            for (; i + 16 <= count; i += 16) TLanes.Store(to + i, Vector512.Load(from + i));
            for (; i < count; i++) to[i] = TLanes.Put(from[i]);
        }
    }
}
