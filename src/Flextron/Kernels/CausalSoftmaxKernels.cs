using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>Softmax over the keys that a query may see, in place, and its gradient. Invisible keys get exactly 0 and are never exponentiated.</summary>
internal static unsafe class CausalSoftmaxKernels
{
    /// <summary>Turns scores into probabilities.</summary>
    /// <param name="scores_GQS">float32; the queries of dimension 1 are positions first, first + 1, … repeated for every head of a group.</param>
    /// <param name="first">Position of the first query.</param>
    /// <param name="positions">Queries per head.</param>
    /// <param name="scale">Factor on the scores.</param>
    public static void Forward(Tensor scores_GQS, long first, long positions, float scale) => KernelTeam.Run(
        new ForwardKernel { Scores = TensorPointer.Of<float>(scores_GQS), Keys = scores_GQS.size(2), First = first, Positions = positions, Scale = scale },
        scores_GQS.size(0) * scores_GQS.size(1), grain: 64);

    /// <summary>Turns the gradient of the probabilities into that of the unscaled scores.</summary>
    /// <param name="gradient_GQS">float32, replaced.</param>
    /// <param name="probabilities_GQS">Of the forward pass.</param>
    /// <param name="first">As in the forward pass.</param>
    /// <param name="positions">As in the forward pass.</param>
    /// <param name="scale">As in the forward pass.</param>
    public static void Backward(Tensor gradient_GQS, Tensor probabilities_GQS, long first, long positions, float scale) => KernelTeam.Run(
        new BackwardKernel
        {
            Gradient = TensorPointer.Of<float>(gradient_GQS), Probabilities = TensorPointer.Of<float>(probabilities_GQS), Keys = gradient_GQS.size(2),
            First = first, Positions = positions, Scale = scale,
        }, gradient_GQS.size(0) * gradient_GQS.size(1), grain: 64);

    private struct ForwardKernel : IRowKernel
    {
        public float* Scores;
        public long Keys, First, Positions;
        public float Scale;

        public readonly void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                float* s = Scores + row * Keys;
                long visible = First + row % Positions + 1, c = 0;
                Vector512<float> largest = Vector512.Create(float.NegativeInfinity), sum = default;
                for (; c + 16 <= visible; c += 16) largest = Vector512.Max(largest, Vector512.Load(s + c));
                float max = float.NegativeInfinity, total = 0;
                for (int i = 0; i < 16; i++) max = MathF.Max(max, largest[i]);
                for (; c < visible; c++) max = MathF.Max(max, s[c]);
                Vector512<float> shift = Vector512.Create(-max * Scale), factor = Vector512.Create(Scale);
                for (c = 0; c + 16 <= visible; c += 16)
                {
                    Vector512<float> e = Exponential.Of(Vector512.FusedMultiplyAdd(Vector512.Load(s + c), factor, shift));
                    e.Store(s + c);
                    sum += e;
                }
                for (; c < visible; c++)
                {
                    s[c] = MathF.Exp(MathF.FusedMultiplyAdd(s[c], Scale, -max * Scale));
                    total += s[c];
                }
                float inverse = 1 / (total + Vector512.Sum(sum));
                for (c = 0; c + 16 <= visible; c += 16) (Vector512.Load(s + c) * inverse).Store(s + c);
                for (; c < visible; c++) s[c] *= inverse;
                new Span<float>(s + visible, (int)(Keys - visible)).Clear();
            }
        }
    }

    private struct BackwardKernel : IRowKernel
    {
        public float* Gradient, Probabilities;
        public long Keys, First, Positions;
        public float Scale;

        // dS = P·(dP − Σ P·dP), times the factor that the scores were scaled with.
        public readonly void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                float* g = Gradient + row * Keys, p = Probabilities + row * Keys;
                long visible = First + row % Positions + 1, c = 0;
                Vector512<float> sum = default;
                float dot = 0;
                for (; c + 16 <= visible; c += 16) sum = Vector512.FusedMultiplyAdd(Vector512.Load(g + c), Vector512.Load(p + c), sum);
                for (; c < visible; c++) dot += g[c] * p[c];
                dot += Vector512.Sum(sum);
                Vector512<float> mean = Vector512.Create(dot), factor = Vector512.Create(Scale);
                for (c = 0; c + 16 <= visible; c += 16) ((Vector512.Load(g + c) - mean) * Vector512.Load(p + c) * factor).Store(g + c);
                for (; c < visible; c++) g[c] = (g[c] - dot) * p[c] * Scale;
                new Span<float>(g + visible, (int)(Keys - visible)).Clear();
            }
        }
    }
}
