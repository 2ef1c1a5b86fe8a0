using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing;

/// <summary>Differentiable draws of choices.</summary>
public static class RelaxedDraw
{
    /// <summary>A Gumbel-softmax draw; with <paramref name="hard"/> one-hot forward, and the soft draw's gradient backward.</summary>
    /// <param name="logProbabilities">…K; any shift per row is allowed.</param>
    /// <param name="temperature">Of the relaxation.</param>
    /// <param name="hard">Straight-through.</param>
    /// <param name="random">Source of the noise; none where null.</param>
    /// <returns>…K, rows that sum to one.</returns>
    public static Tensor Of(Tensor logProbabilities, double temperature, bool hard, Random? random)
    {
        ArgumentNullException.ThrowIfNull(logProbabilities);
        Tensor scores = random is null ? logProbabilities : logProbabilities + Gumbel(logProbabilities, random);
        Tensor soft = functional.softmax(scores / temperature, -1);
        if (!hard) return soft;
        Tensor oneHot = functional.one_hot(scores.argmax(-1), logProbabilities.size(-1)).to(soft.dtype);
        // In this order a zero stays exactly zero: parts that were not drawn must not leak in.
        return (oneHot - soft.detach()) + soft;
    }

    private static Tensor Gumbel(Tensor like, Random random)
    {
        float[] noise = new float[like.numel()];
        for (int i = 0; i < noise.Length; i++) noise[i] = (float)RouterNoise.Gumbel(random);
        return NativeTensor.Of(noise, like.shape).to(like.dtype).to(like.device);
    }
}
