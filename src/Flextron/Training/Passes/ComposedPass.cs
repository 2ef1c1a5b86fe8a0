using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Training.Passes;

/// <summary>The model's own forward pass and libtorch's differentiation: works on every device and for every model, and is what the fused pass is checked against.</summary>
public sealed class ComposedPass : ITrainingPass
{
    private readonly DecoderModel model;
    private readonly DecoderWeights gradients;
    private readonly ViewCache views;

    /// <summary>Prepares passes.</summary>
    /// <param name="model">Its weights are differentiated.</param>
    /// <param name="gradients">Where gradients add up.</param>
    /// <param name="freeze">Names weights whose gradients are not needed and not computed.</param>
    public ComposedPass(DecoderModel model, DecoderWeights gradients, IWeightFreeze? freeze = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(gradients);
        (this.model, this.gradients) = (model, gradients);
        views = new ViewCache((network, _) => WeightView.Trainable(model.Weights, this.gradients, network, freeze is null ? null : freeze.IsFrozen), capacity: 64);
    }

    /// <inheritdoc/>
    public double Run(SubNetwork network, TrainingBatch batch, double weight)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var scope = NewDisposeScope();
        WeightView view = views.Of(network);
        Tensor logits_NV = model.Logits(view, model.Hidden(view, batch.Input_BT)).reshape(-1, model.Config.VocabularySize);
        Tensor loss = Loss(logits_NV, batch);
        (loss * weight).backward();
        return loss.to(ScalarType.Float64).item<double>();
    }

    /// <inheritdoc/>
    public void WeightsChanged()
    {
    }

    /// <inheritdoc/>
    public void FreezeChanged() => views.Dispose();

    /// <inheritdoc/>
    public void Dispose() => views.Dispose();

    /// <summary>The loss of one batch: cross-entropy, mixed with the divergence from the teacher where there is one.</summary>
    internal static Tensor Loss(Tensor logits_NV, TrainingBatch batch)
    {
        if (batch.TeacherLogProbabilities_NV is null) return functional.cross_entropy(logits_NV, batch.Target_N);
        Tensor logProbabilities_NV = functional.log_softmax(logits_NV, 1);
        Tensor divergence = functional.kl_div(logProbabilities_NV, batch.TeacherLogProbabilities_NV, log_target: true, reduction: Reduction.Sum) / batch.Target_N.size(0);
        return (1 - batch.Alpha) * functional.nll_loss(logProbabilities_NV, batch.Target_N) + batch.Alpha * divergence;
    }
}
