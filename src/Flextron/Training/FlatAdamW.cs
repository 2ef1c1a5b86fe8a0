using Flextron.Kernels;
using Flextron.Models;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, arXiv 1711.05101) over the flat parameter tensor: one pass over memory on the CPU, a handful of large
/// operations elsewhere. Rows and columns that no trained sub-network used this step are left alone entirely: no decay, no momentum.
/// </summary>
public sealed class FlatAdamW : IDisposable
{
    private readonly DecoderWeights weights;
    private readonly JointTrainingSettings settings;

    /// <summary>Allocates gradient and moments, all zero.</summary>
    public FlatAdamW(DecoderWeights weights, JointTrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(settings);
        this.weights = weights;
        this.settings = settings;
        Gradients = DecoderWeights.Allocate(weights.Config, ScalarType.Float32, weights.Flat.device);
        FirstMoment = zeros_like(weights.Flat).DetachFromDisposeScope();
        SecondMoment = zeros_like(weights.Flat).DetachFromDisposeScope();
    }

    /// <summary>The gradient buffer, in the layout of the weights.</summary>
    public DecoderWeights Gradients { get; }

    /// <summary>Running mean of the gradient.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of the squared gradient.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Updates the weights from the gradient buffer, then zeroes it.</summary>
    /// <param name="step">Steps done before this one.</param>
    /// <param name="learningRate">This step's rate.</param>
    /// <param name="used">The sub-networks whose gradients are in the buffer.</param>
    /// <param name="freeze">Names weights that stay as they are, whatever is in their place of the buffer.</param>
    /// <returns>The gradient's norm before clipping.</returns>
    /// <exception cref="FlextronException">The gradient is not finite; nothing was updated.</exception>
    public double Step(int step, double learningRate, IReadOnlyList<SubNetwork> used, IWeightFreeze? freeze = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor gradient = Gradients.Flat;
        if (freeze is not null)
        {
            foreach ((string name, Tensor part) in Gradients.Named())
                if (freeze.IsFrozen(name)) part.zero_();
        }
        double norm = gradient.norm().item<float>();
        if (!double.IsFinite(norm))
        {
            gradient.zero_();
            throw new FlextronException($"Training diverged at step {step + 1}: the gradient is not a number; lower learningRate and start again, or go on from the last checkpoint with --change-rate.");
        }
        double clip = norm > settings.GradientClip ? settings.GradientClip / (norm + 1e-6) : 1;
        foreach (ParameterRegion region in ParameterRanges.Used(weights, used, freeze is null ? null : freeze.IsFrozen))
            Update(region, weights.Flat, gradient, FirstMoment, SecondMoment, step, learningRate, clip, settings);
        return norm;
    }

    /// <summary>The update itself, of a part of tensors of one layout; the gradient is zeroed on the way.</summary>
    internal static void Update(
        ParameterRegion region, Tensor flat, Tensor gradient, Tensor first, Tensor second, int step, double learningRate, double clip, JointTrainingSettings settings)
    {
        double correction1 = 1 - Math.Pow(settings.Beta1, step + 1), correction2 = Math.Sqrt(1 - Math.Pow(settings.Beta2, step + 1));
        double decay = region.Decays ? 1 - learningRate * settings.WeightDecay : 1;
        if (TensorPointer.Fits(flat) && flat.dtype == ScalarType.Float32)
        {
            AdamWKernel.Run(flat, gradient, first, second, region.Start, region.Rows, region.Columns, region.Stride, new AdamWKernel.Factors(
                (float)clip, (float)decay, (float)(learningRate / correction1), (float)(1 / correction2), (float)settings.Beta1, (float)settings.Beta2));
            return;
        }
        Tensor p = region.Of(flat), g = region.Of(gradient), m = region.Of(first), v = region.Of(second);
        if (clip < 1) g.mul_(clip);
        m.mul_(settings.Beta1).add_(g, 1 - settings.Beta1);
        v.mul_(settings.Beta2).addcmul_(g, g, 1 - settings.Beta2);
        if (decay < 1) p.mul_(decay);
        p.addcdiv_(m, v.sqrt().div_(correction2).add_(1e-8), -learningRate / correction1);
        g.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Gradients.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
