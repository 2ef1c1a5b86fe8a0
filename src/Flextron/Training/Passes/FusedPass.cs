using Flextron.Kernels;
using Flextron.Models;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training.Passes;

/// <summary>
/// Forward and backward pass of a chain of Llama layers with the gradient written out: libtorch does the matrix products, kernels of this library everything
/// between them, in one pass over memory each, and weight gradients add up where the optimiser reads them. CPU only; float32, or bfloat16 products with
/// float32 residual stream, scores, losses and gradient sums.
/// </summary>
public sealed class FusedPass : ITrainingPass
{
    // Logits in flight: a large vocabulary is worked through in pieces of the batch.
    private const long LogitsAtOnce = 1 << 22;
    private readonly DecoderModel model;
    private readonly DecoderWeights? compute;
    private readonly ViewCache weightViews, gradientViews;

    /// <summary>Prepares passes.</summary>
    /// <param name="model">float32 weights on the CPU; see <see cref="Fits"/>.</param>
    /// <param name="gradients">Where gradients add up, float32.</param>
    /// <param name="dtype">Type of the matrix products: float32 or bfloat16.</param>
    /// <exception cref="FlextronException">The model or the type does not fit.</exception>
    public FusedPass(DecoderModel model, DecoderWeights gradients, ScalarType dtype = ScalarType.Float32)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(gradients);
        if (!Fits(model)) throw new FlextronException("The fused training pass works with float32 weights of models that attend, with the layers of Llama, on the CPU: use the composed one.");
        if (dtype is not (ScalarType.Float32 or ScalarType.BFloat16)) throw new FlextronException($"Training cannot compute in {dtype}: use Float32 or BFloat16.");
        FreedMemory.Keep();
        this.model = model;
        if (dtype == ScalarType.BFloat16) compute = model.Weights.Clone(ScalarType.BFloat16);
        DecoderWeights used = compute ?? model.Weights;
        weightViews = new ViewCache((network, slices) => WeightView.Of(used, network, slices), capacity: 1024);
        gradientViews = new ViewCache((network, slices) => WeightView.Of(gradients, network, slices), capacity: 1024);
    }

    /// <summary>Whether this pass can train a model: float32 on the CPU, and layers as in Llama without a window shorter than the context.</summary>
    public static bool Fits(DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ModelConfig config = model.Config;
        return model.Device.type == DeviceType.CPU && model.Weights.Flat.dtype == ScalarType.Float32
            && config.IsAttentionOnly && config.Architecture.HasLlamaLayers && config.SeesWholeContext;
    }

    /// <inheritdoc/>
    public double Run(SubNetwork network, TrainingBatch batch, double weight)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // The loss kernel writes where the targets point.
        if (batch.Target_N.min().item<long>() < 0 || batch.Target_N.max().item<long>() >= model.Config.VocabularySize)
            throw new FlextronException($"A target token is outside the model's vocabulary of {model.Config.VocabularySize}: tokenise the text with the model's tokenizer.");
        (WeightView view, WeightView gradient) = (weightViews.Of(network), gradientViews.Of(network));
        Tensor ids_N = batch.Input_BT.reshape(-1), x_NC = view.Embedding_VC.index_select(0, ids_N).to(ScalarType.Float32);
        var blocks = new FusedBlock[view.Blocks.Count];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = new FusedBlock(model, i, view, gradient, batch.Input_BT.size(0), batch.Input_BT.size(1));
            x_NC = blocks[i].Forward(x_NC);
        }
        (double loss, Tensor gradient_NC) = Head(view, gradient, x_NC, batch, weight);
        for (int i = blocks.Length - 1; i >= 0; i--) blocks[i].Backward(gradient_NC);
        EmbeddingKernel.Add(gradient_NC, ids_N, gradient.Embedding_VC);
        return loss;
    }

    /// <inheritdoc/>
    public void WeightsChanged()
    {
        using var noGrad = no_grad();
        compute?.Flat.copy_(model.Weights.Flat);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        weightViews.Dispose();
        gradientViews.Dispose();
        compute?.Dispose();
    }

    // Final norm, head and loss, forwards and backwards; returns the loss and the gradient of the residual stream.
    private (double Loss, Tensor Gradient_NC) Head(WeightView view, WeightView gradient, Tensor x_NC, TrainingBatch batch, double weight)
    {
        using var scope = NewDisposeScope();
        (Tensor normed_NC, Tensor scale_N) = RmsNormKernels.Forward(x_NC, view.FinalNorm_C, model.Config.NormEpsilon);
        Tensor gradient_NC = zeros_like(x_NC), normedGradient_NC = empty_like(normed_NC), losses_N = empty(x_NC.size(0));
        long rows = x_NC.size(0), step = Math.Max(1, LogitsAtOnce / model.Config.VocabularySize);
        for (long at = 0; at < rows; at += step)
        {
            using var piece = NewDisposeScope();
            long count = Math.Min(step, rows - at);
            Tensor part_NC = normed_NC.narrow(0, at, count), logits_NV = Products.Forward(part_NC, view.Head_VC);
            TokenLossKernel.Run(
                logits_NV, batch.Target_N.narrow(0, at, count), batch.TeacherLogProbabilities_NV?.narrow(0, at, count), batch.Alpha, weight / rows, losses_N.narrow(0, at, count));
            Products.AddWeightGradient(gradient.Head_VC, logits_NV, part_NC);
            normedGradient_NC.narrow(0, at, count).copy_(logits_NV.matmul(view.Head_VC));
        }
        RmsNormKernels.Backward(normedGradient_NC, x_NC, scale_N, view.FinalNorm_C, gradient_NC, gradient.FinalNorm_C);
        return (losses_N.mean([0], type: ScalarType.Float64).item<double>(), gradient_NC.MoveToOuterDisposeScope());
    }
}
