using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// One token's scores by dynamic routers, the function of <see cref="DynamicRouters.Scores"/> for one target, in managed code: a router is a few thousand multiplications, less than the
/// calls into libtorch cost. Nothing is allocated for a token.
/// </summary>
internal sealed class TokenScorer
{
    private const float Epsilon = 1e-6f;
    private readonly float[][] hidden_HC, target_H, head_KH, bias_K;
    private readonly float[] activation_H;

    /// <summary>Copies the routers' weights, each layer's hidden neurons as rows.</summary>
    /// <param name="routers">Trained.</param>
    /// <param name="target">Normalised.</param>
    public TokenScorer(DynamicRouters routers, double target)
    {
        (hidden_HC, target_H, head_KH, bias_K) = routers.Weights(target);
        activation_H = new float[routers.Settings.HiddenSize];
    }

    /// <summary>Scores a layer's choices.</summary>
    /// <param name="layer">As in <see cref="ChoiceVector"/>.</param>
    /// <param name="x_C">The residual stream that enters it.</param>
    /// <param name="score_K">Receives the scores.</param>
    public void Score(int layer, ReadOnlySpan<float> x_C, Span<float> score_K)
    {
        float[] hidden = hidden_HC[layer], target = target_H[layer];
        float scale = 1 / MathF.Sqrt(Dot(x_C, x_C) / x_C.Length + Epsilon);
        for (int h = 0; h < activation_H.Length; h++)
        {
            float sum = scale * Dot(hidden.AsSpan(h * x_C.Length, x_C.Length), x_C) + target[h];
            activation_H[h] = sum / (1 + MathF.Exp(-sum));
        }
        for (int k = 0; k < score_K.Length; k++) score_K[k] = bias_K[layer][k] + Dot(head_KH[layer].AsSpan(k * activation_H.Length, activation_H.Length), activation_H);
    }

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Vector<float> sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= a.Length - Vector<float>.Count; i += Vector<float>.Count) sums += new Vector<float>(a[i..]) * new Vector<float>(b[i..]);
        float sum = Vector.Sum(sums);
        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}
