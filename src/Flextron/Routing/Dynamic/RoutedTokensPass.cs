using Flextron.Models;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Forward and backward pass of a network whose tokens are routed: sorted by choice, real slices, libtorch's differentiation; gradients add up where any
/// other slice's do. Tokens are given to capacities, so that every sequence costs its target, and the choices are constants of the pass. Where all tokens
/// choose alike this is the static network's pass.
/// </summary>
internal sealed class RoutedTokensPass : ITrainingPass
{
    // The whole network, and one more for every width of attention and of the MLP: more than any space has.
    private const int Views = 4096;

    private readonly ITrainingPass whole;
    private readonly DynamicModel dynamic;
    private readonly ViewCache views;
    private readonly Func<SubNetwork, int, ITokenChoices?> choicesOf;

    /// <summary>Prepares passes.</summary>
    /// <param name="model">Its weights are differentiated.</param>
    /// <param name="gradients">Where gradients add up.</param>
    /// <param name="routers">Whose choices exist.</param>
    /// <param name="choicesOf">Who chooses for the tokens of a network in a batch of so many sequences; null where the network is a static one.</param>
    public RoutedTokensPass(DecoderModel model, DecoderWeights gradients, DynamicRouters routers, Func<SubNetwork, int, ITokenChoices?> choicesOf)
    {
        this.choicesOf = choicesOf;
        views = new ViewCache((network, _) => WeightView.Trainable(model.Weights, gradients, network), Views);
        dynamic = new DynamicModel(model, routers.Space, views.Of);
        whole = FusedPass.Fits(model) ? new FusedPass(model, gradients, ScalarType.Float32) : new ComposedPass(model, gradients);
    }

    /// <inheritdoc/>
    public double Run(SubNetwork network, TrainingBatch batch, double weight)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (choicesOf(network, (int)batch.Input_BT.size(0)) is not { } choices) return whole.Run(network, batch, weight);
        using var scope = NewDisposeScope();
        Tensor logits_BTV = dynamic.Differentiable(batch.Input_BT, choices);
        Tensor loss = ComposedPass.Loss(logits_BTV.reshape(-1, logits_BTV.size(2)), batch);
        (loss * weight).backward();
        return loss.to(ScalarType.Float64).item<double>();
    }

    /// <inheritdoc/>
    public void WeightsChanged() => whole.WeightsChanged();

    /// <inheritdoc/>
    public void FreezeChanged() => whole.FreezeChanged();

    /// <inheritdoc/>
    public void Dispose()
    {
        views.Dispose();
        whole.Dispose();
    }
}
