using System.Numerics;
using Flextron.Kernels;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Scores by dynamic routers, the function of <see cref="DynamicRouters.Scores"/> for given targets, in managed code: a router is a few thousand
/// multiplications a token, several times less than what a chain of libtorch operators over narrow matrices costs. It reads the routers' weights where
/// they are, and allocates nothing.
/// </summary>
/// <remarks>Tokens go through in small groups, so that a row of weights is loaded once for all of them. A token's scores do not depend on which tokens go
/// with it.</remarks>
internal sealed unsafe class TokenScorer
{
    private const float Epsilon = 1e-6f;

    // Tokens whose sums are kept in registers side by side.
    private const int Together = 4;

    private readonly DynamicRouters routers;
    private readonly float[][] target_LH;
    private readonly int channels, width;
    private readonly float[] activation_H;

    // The parameters stay where they are: optimisers and files write into them.
    private readonly float* hidden, attentionHeads, attentionBiases, mlpHeads, mlpBiases;

    /// <summary>Embeds the targets.</summary>
    /// <param name="routers">Trained; they must outlive this.</param>
    /// <param name="targets_B">A normalised target for each sequence.</param>
    public TokenScorer(DynamicRouters routers, IReadOnlyList<double> targets_B)
    {
        ObjectDisposedException.ThrowIf(routers.IsDisposed, routers);
        (this.routers, channels, width) = (routers, routers.Channels, routers.Settings.HiddenSize);
        // The sequences of a batch mostly share their target.
        Dictionary<double, float[]> parts = targets_B.Distinct().ToDictionary(t => t, routers.TargetPart);
        target_LH = [.. targets_B.Select(t => parts[t])];
        activation_H = new float[Together * width];
        float* At(string name) => TensorPointer.Of<float>(routers.Named(name));
        hidden = At("hidden");
        attentionHeads = At("attention");
        attentionBiases = At("attention.bias");
        mlpHeads = At("mlp");
        mlpBiases = At("mlp.bias");
    }

    /// <summary>Scores a layer's choices.</summary>
    /// <param name="layer">As in <see cref="ChoiceVector"/>.</param>
    /// <param name="x_NC">The residual stream that enters it, the same number of tokens of each sequence.</param>
    /// <param name="score_NK">Receives the scores.</param>
    /// <exception cref="ObjectDisposedException">The routers are disposed.</exception>
    public void Score(int layer, ReadOnlySpan<float> x_NC, Span<float> score_NK)
    {
        // What is read below is their memory.
        ObjectDisposedException.ThrowIf(routers.IsDisposed, routers);
        int tokens = x_NC.Length / channels, choices = score_NK.Length / tokens, each = tokens / target_LH.Length;
        int block = layer % routers.Space.BlockCount;
        bool attention = layer < routers.Space.BlockCount;
        float* hidden_CH = hidden + (long)layer * channels * width, head_HK = (attention ? attentionHeads : mlpHeads) + (long)block * width * choices;
        var bias_K = new ReadOnlySpan<float>((attention ? attentionBiases : mlpBiases) + (long)block * choices, choices);
        fixed (float* x = x_NC, activation = activation_H)
        {
            for (int b = 0; b < target_LH.Length; b++)
            {
                ReadOnlySpan<float> target_H = target_LH[b].AsSpan(layer * width, width);
                for (int t = 0; t < each;)
                {
                    int together = each - t >= Together ? Together : 1, first = b * each + t;
                    float* x_C = x + (long)first * channels;
                    if (together == Together) FourProducts(x_C, hidden_CH, activation);
                    else Products(x_C, hidden_CH, activation);
                    for (int i = 0; i < together; i++)
                    {
                        Activate(new ReadOnlySpan<float>(x_C + (long)i * channels, channels), target_H, activation_H.AsSpan(i * width, width));
                        Head(activation + (long)i * width, head_HK, bias_K, score_NK.Slice((first + i) * choices, choices));
                    }
                    t += together;
                }
            }
        }
    }

    private void Products(float* x_C, float* hidden_CH, float* sums_H)
    {
        int h = 0;
        for (; h <= width - Vector<float>.Count; h += Vector<float>.Count)
        {
            Vector<float> sum = Vector<float>.Zero;
            for (int c = 0; c < channels; c++) sum = Vector.FusedMultiplyAdd(new Vector<float>(x_C[c]), Vector.Load(hidden_CH + (long)c * width + h), sum);
            sum.Store(sums_H + h);
        }
        for (; h < width; h++)
        {
            float sum = 0;
            for (int c = 0; c < channels; c++) sum += x_C[c] * hidden_CH[(long)c * width + h];
            sums_H[h] = sum;
        }
    }

    private void FourProducts(float* x_NC, float* hidden_CH, float* sums_NH)
    {
        int lanes = Vector<float>.Count, h = 0;
        float* a = x_NC, b = a + channels, c = b + channels, d = c + channels;
        // Eight sums at a time: as many as it takes to keep the multipliers busy.
        for (; h <= width - 2 * lanes; h += 2 * lanes)
        {
            Vector<float> a0 = Vector<float>.Zero, a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
            for (int i = 0; i < channels; i++)
            {
                Vector<float> row0 = Vector.Load(hidden_CH + (long)i * width + h), row1 = Vector.Load(hidden_CH + (long)i * width + h + lanes), x = new(a[i]);
                (a0, a1) = (Vector.FusedMultiplyAdd(x, row0, a0), Vector.FusedMultiplyAdd(x, row1, a1));
                x = new Vector<float>(b[i]);
                (b0, b1) = (Vector.FusedMultiplyAdd(x, row0, b0), Vector.FusedMultiplyAdd(x, row1, b1));
                x = new Vector<float>(c[i]);
                (c0, c1) = (Vector.FusedMultiplyAdd(x, row0, c0), Vector.FusedMultiplyAdd(x, row1, c1));
                x = new Vector<float>(d[i]);
                (d0, d1) = (Vector.FusedMultiplyAdd(x, row0, d0), Vector.FusedMultiplyAdd(x, row1, d1));
            }
            a0.Store(sums_NH + h);
            a1.Store(sums_NH + h + lanes);
            b0.Store(sums_NH + width + h);
            b1.Store(sums_NH + width + h + lanes);
            c0.Store(sums_NH + 2 * width + h);
            c1.Store(sums_NH + 2 * width + h + lanes);
            d0.Store(sums_NH + 3 * width + h);
            d1.Store(sums_NH + 3 * width + h + lanes);
        }
        for (; h <= width - lanes; h += lanes)
        {
            for (int n = 0; n < Together; n++)
            {
                Vector<float> sum = Vector<float>.Zero;
                for (int i = 0; i < channels; i++) sum = Vector.FusedMultiplyAdd(new Vector<float>(x_NC[n * channels + i]), Vector.Load(hidden_CH + (long)i * width + h), sum);
                sum.Store(sums_NH + n * width + h);
            }
        }
        for (; h < width; h++)
        {
            for (int n = 0; n < Together; n++)
            {
                float sum = 0;
                for (int i = 0; i < channels; i++) sum += x_NC[n * channels + i] * hidden_CH[(long)i * width + h];
                sums_NH[n * width + h] = sum;
            }
        }
    }

    // silu of the products at unit root mean square, plus the target's part.
    private static void Activate(ReadOnlySpan<float> x_C, ReadOnlySpan<float> target_H, Span<float> sums_H)
    {
        float scale = 1 / MathF.Sqrt(Squares(x_C) / x_C.Length + Epsilon);
        int h = 0;
        for (; h <= sums_H.Length - Vector<float>.Count; h += Vector<float>.Count)
        {
            Vector<float> sum = new Vector<float>(sums_H[h..]) * scale + new Vector<float>(target_H[h..]);
            (sum / (Vector<float>.One + Vector.Exp(-sum))).CopyTo(sums_H[h..]);
        }
        for (; h < sums_H.Length; h++)
        {
            float sum = sums_H[h] * scale + target_H[h];
            sums_H[h] = sum / (1 + MathF.Exp(-sum));
        }
    }

    private static float Squares(ReadOnlySpan<float> x_C)
    {
        Vector<float> even = Vector<float>.Zero, odd = even;
        int i = 0;
        for (; i <= x_C.Length - 2 * Vector<float>.Count; i += 2 * Vector<float>.Count)
        {
            Vector<float> a = new(x_C[i..]), b = new(x_C[(i + Vector<float>.Count)..]);
            even += a * a;
            odd += b * b;
        }
        float sum = Vector.Sum(even + odd);
        for (; i < x_C.Length; i++) sum += x_C[i] * x_C[i];
        return sum;
    }

    private void Head(float* activation_H, float* head_HK, ReadOnlySpan<float> bias_K, Span<float> score_K)
    {
        int k = 0;
        for (; k <= score_K.Length - Vector<float>.Count; k += Vector<float>.Count)
        {
            Vector<float> sum = new(bias_K[k..]);
            for (int h = 0; h < width; h++) sum = Vector.FusedMultiplyAdd(new Vector<float>(activation_H[h]), Vector.Load(head_HK + (long)h * score_K.Length + k), sum);
            sum.CopyTo(score_K[k..]);
        }
        for (; k < score_K.Length; k++)
        {
            float sum = bias_K[k];
            for (int h = 0; h < width; h++) sum += activation_H[h] * head_HK[(long)h * score_K.Length + k];
            score_K[k] = sum;
        }
    }
}
