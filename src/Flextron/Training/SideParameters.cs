using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training;

/// <summary>
/// Parameters that are trained beside a model's own, as one flat tensor, with their gradient and moments: AdamW as in <see cref="FlatAdamW"/> but without
/// weight decay, the gradient clipped by its own norm.
/// </summary>
public sealed class SideParameters : IDisposable
{
    private readonly string name;
    private readonly JointTrainingSettings settings;
    private readonly Tensor flat, first, second;

    /// <summary>Allocates gradient and moments, all zero.</summary>
    /// <param name="name">What training checkpoints call them.</param>
    /// <param name="flat">The parameters, one-dimensional, float32; they stay the caller's.</param>
    /// <param name="settings">Decay rates and clipping.</param>
    public SideParameters(string name, Tensor flat, JointTrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(flat);
        (this.name, this.flat, this.settings) = (name, flat, settings);
        Gradient = zeros_like(flat).DetachFromDisposeScope();
        (first, second) = (zeros_like(flat).DetachFromDisposeScope(), zeros_like(flat).DetachFromDisposeScope());
    }

    /// <summary>Where gradients add up, in the layout of the parameters.</summary>
    public Tensor Gradient { get; }

    /// <summary>What a training checkpoint holds.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> State => [(name, flat), ($"{name}.firstMoment", first), ($"{name}.secondMoment", second)];

    /// <summary>Updates the parameters from the gradient, then zeroes it.</summary>
    /// <param name="step">Steps done before this one.</param>
    /// <param name="learningRate">This step's rate.</param>
    /// <returns>The gradient's norm before clipping.</returns>
    /// <exception cref="FlextronException">The gradient is not finite; nothing was updated.</exception>
    public double Step(int step, double learningRate)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        double norm = Gradient.norm().item<float>();
        if (!double.IsFinite(norm)) throw new FlextronException($"Training diverged at step {step + 1}: the gradient of the {name} is not a number; lower learningRate and start again.");
        double clip = norm > settings.GradientClip ? settings.GradientClip / (norm + 1e-6) : 1;
        FlatAdamW.Update(ParameterRegion.Stretch(0, flat.numel(), decays: false), flat, Gradient, first, second, step, learningRate, clip, settings);
        return norm;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Gradient.Dispose();
        first.Dispose();
        second.Dispose();
    }
}
