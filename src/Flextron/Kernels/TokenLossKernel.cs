using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>
/// Next-token loss (1 − α)·cross-entropy + α·KL(teacher ‖ student) of every row of logits, which its gradient replaces. No distribution is stored.
/// </summary>
internal static unsafe class TokenLossKernel
{
    /// <summary>Computes losses and gradients.</summary>
    /// <param name="logits_NV">float32 or bfloat16; becomes the gradient of scale · Σ losses.</param>
    /// <param name="target_N">int64.</param>
    /// <param name="teacherLogProbabilities_NV">float32; null for cross-entropy alone.</param>
    /// <param name="alpha">α; 0 without a teacher.</param>
    /// <param name="scale">Factor on the gradient, such as one over the number of tokens.</param>
    /// <param name="losses_N">float32, filled.</param>
    public static void Run(Tensor logits_NV, Tensor target_N, Tensor? teacherLogProbabilities_NV, double alpha, double scale, Tensor losses_N)
    {
        if (logits_NV.dtype == ScalarType.Float32) Run<float, Float32Lanes>();
        else Run<ushort, BFloat16Lanes>();

        void Run<T, TLanes>() where T : unmanaged where TLanes : ILanes<T> => KernelTeam.Run(
            new Kernel<T, TLanes>
            {
                Logits = TensorPointer.Of<T>(logits_NV), Target = TensorPointer.Of<long>(target_N), Losses = TensorPointer.Of<float>(losses_N),
                Teacher = teacherLogProbabilities_NV is null ? null : TensorPointer.Of<float>(teacherLogProbabilities_NV),
                Vocabulary = logits_NV.size(1), Alpha = (float)alpha, Scale = (float)scale,
            }, logits_NV.size(0), grain: 4);
    }

    private struct Kernel<T, TLanes> : IRowKernel where T : unmanaged where TLanes : ILanes<T>
    {
        public T* Logits;
        public long* Target;
        public float* Losses, Teacher;
        public long Vocabulary;
        public float Alpha, Scale;

        public readonly void Run(long start, long end)
        {
            for (long n = start; n < end; n++)
            {
                T* z = Logits + n * Vocabulary;
                float* t = Teacher == null ? null : Teacher + n * Vocabulary;
                float logSum = LogSumOfExponentials(z), own = TLanes.Get(z[Target[n]]);
                Losses[n] = (1 - Alpha) * (logSum - own) + (t == null ? 0 : Alpha * Divergence(z, t, logSum));
                Gradient(z, t, logSum);
                z[Target[n]] = TLanes.Put(Scale * (OwnGradient(own, t, Target[n], logSum) - (1 - Alpha)));
            }
        }

        private readonly float OwnGradient(float own, float* t, long target, float logSum) =>
            MathF.Exp(own - logSum) - (t == null ? 0 : Alpha * MathF.Exp(t[target]));

        private readonly float LogSumOfExponentials(T* z)
        {
            Vector512<float> largest = Vector512.Create(float.NegativeInfinity), sum = default;
            float max = float.NegativeInfinity, total = 0;
            long v = 0;
            for (; v + 16 <= Vocabulary; v += 16) largest = Vector512.Max(largest, TLanes.Load(z + v));
            for (int i = 0; i < 16; i++) max = MathF.Max(max, largest[i]);
            for (; v < Vocabulary; v++) max = MathF.Max(max, TLanes.Get(z[v]));
            Vector512<float> shift = Vector512.Create(max);
            for (v = 0; v + 16 <= Vocabulary; v += 16) sum += Exponential.Of(TLanes.Load(z + v) - shift);
            for (; v < Vocabulary; v++) total += MathF.Exp(TLanes.Get(z[v]) - max);
            return max + MathF.Log(total + Vector512.Sum(sum));
        }

        private readonly float Divergence(T* z, float* t, float logSum)
        {
            Vector512<float> sum = default, shift = Vector512.Create(logSum);
            float rest = 0;
            long v = 0;
            for (; v + 16 <= Vocabulary; v += 16)
            {
                Vector512<float> teacher = Vector512.Load(t + v);
                sum = Vector512.FusedMultiplyAdd(Exponential.Of(teacher), teacher - TLanes.Load(z + v) + shift, sum);
            }
            for (; v < Vocabulary; v++) rest += MathF.Exp(t[v]) * (t[v] - TLanes.Get(z[v]) + logSum);
            return rest + Vector512.Sum(sum);
        }

        // Of everything but the one-hot part: scale · (softmax(z) − α·teacher).
        private readonly void Gradient(T* z, float* t, float logSum)
        {
            Vector512<float> shift = Vector512.Create(logSum), factor = Vector512.Create(Scale), alpha = Vector512.Create(Alpha);
            long v = 0;
            for (; v + 16 <= Vocabulary; v += 16)
            {
                Vector512<float> p = Exponential.Of(TLanes.Load(z + v) - shift);
                if (t != null) p -= alpha * Exponential.Of(Vector512.Load(t + v));
                TLanes.Store(z + v, p * factor);
            }
            for (; v < Vocabulary; v++)
            {
                float p = MathF.Exp(TLanes.Get(z[v]) - logSum);
                if (t != null) p -= Alpha * MathF.Exp(t[v]);
                z[v] = TLanes.Put(p * Scale);
            }
        }
    }
}
