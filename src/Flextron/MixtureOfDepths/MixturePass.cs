using Flextron.Models;
using Flextron.Training;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.MixtureOfDepths;

/// <summary>
/// Trains a Mixture-of-Depths model by expert choice: top-k tokens of every sequence, differentiated by libtorch, and beside the language-model loss the
/// one from which the causal sampler learns (arXiv 2404.02258, section 3.5). Sub-networks are slices, as in all training here.
/// </summary>
/// <remarks>Use as the pass of a <see cref="JointTrainer"/>: <c>pass: (_, gradients) => new MixturePass(mixture, gradients, settings)</c>.</remarks>
public sealed class MixturePass : ITrainingPass
{
    private readonly MixtureModel mixture;
    private readonly ITokenSelector selector;
    private readonly SideParameters side;
    private readonly DepthRouters gradients;
    private readonly Dictionary<int, DepthRouter> leaves;
    private readonly ViewCache views;

    /// <summary>Prepares passes.</summary>
    /// <param name="mixture">Its weights and routers are trained.</param>
    /// <param name="weightGradients">Where the network's gradients add up.</param>
    /// <param name="settings">Of the optimiser.</param>
    /// <param name="selector">Chooses tokens in place of the routers' top k, such as the random control.</param>
    public MixturePass(MixtureModel mixture, DecoderWeights weightGradients, JointTrainingSettings settings, ITokenSelector? selector = null)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(weightGradients);
        this.mixture = mixture;
        this.selector = selector ?? TopTokens.ByRouter(mixture.Settings);
        side = new SideParameters("depthRouters", mixture.Routers.Flat, settings);
        gradients = mixture.Routers.Over(side.Gradient.alias().DetachFromDisposeScope());
        leaves = mixture.Routers.Trainable(gradients).ToDictionary(r => r.Block);
        views = new ViewCache((network, _) => WeightView.Trainable(mixture.Model.Weights, weightGradients, network), capacity: 64);
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Tensor)> State => side.State;

    /// <summary>Where the routers' gradients add up until the next step, in the layout of <see cref="DepthRouters.Flat"/>.</summary>
    public Tensor RouterGradient => side.Gradient;

    /// <summary>Mean binary cross-entropy of the model's causal sampler in the last pass, nats per decision; 0 where nothing routed.</summary>
    public double SamplerLoss { get; private set; }

    /// <inheritdoc/>
    public double Run(SubNetwork network, TrainingBatch batch, double weight)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var scope = NewDisposeScope();
        var readings = new List<RouterReading>();
        WeightView view = views.Of(network);
        Tensor hidden_BTC = mixture.Hidden(view, leaves, batch.Input_BT, selector, cache: null, readings, observer: null);
        Tensor loss = ComposedPass.Loss(mixture.Model.Logits(view, hidden_BTC).reshape(-1, mixture.Model.Config.VocabularySize), batch), total = loss;
        foreach (CausalSampler sampler in Enum.GetValues<CausalSampler>())
        {
            if (readings.Count == 0 || !mixture.Settings.Trains(sampler)) continue;
            Tensor wrong = RouterReading.Loss(readings, sampler);
            if (sampler == mixture.Settings.Sampler) SamplerLoss = wrong.item<float>();
            total = total + wrong * (sampler == CausalSampler.Auxiliary ? mixture.Settings.AuxiliaryWeight : 1);
        }
        (total * weight).backward();
        return loss.to(ScalarType.Float64).item<double>();
    }

    /// <inheritdoc/>
    public void Step(int step, double learningRate) => side.Step(step, learningRate);

    /// <inheritdoc/>
    public void WeightsChanged()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        views.Dispose();
        foreach ((_, Tensor leaf) in leaves.Values.SelectMany(r => r.Named())) leaf.Dispose();
        gradients.Dispose();
        side.Dispose();
    }
}
