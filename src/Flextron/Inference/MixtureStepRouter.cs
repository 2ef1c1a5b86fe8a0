using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Kernels;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using TorchSharp;

namespace Flextron.Inference;

/// <summary>
/// Decides for the decode engine which tokens pass a Mixture-of-Depths model's blocks, by its causal sampler, and weighs what those blocks add. A token that
/// does not pass costs its router's logit and the sampler's, and leaves nothing in the block's cache. For one sequence at a time.
/// </summary>
public sealed unsafe class MixtureStepRouter : IStepRouter, IDisposable
{
    private readonly MixtureModel mixture;
    private readonly IKernels kernels = KernelChoice.Best;
    private readonly RoutedBlock?[] blocks;
    private readonly BlockShape[] shapes;
    private readonly NativeBuffer hidden_P;
    private bool passes;
    private float weight = 1;

    /// <summary>Prepares decisions.</summary>
    /// <param name="mixture">On the CPU; its routers are read where they lie, so it must outlive this.</param>
    /// <param name="network">What a token that passes is computed with; its residual stream has the model's width.</param>
    /// <exception cref="FlextronException">The model is on another device, or the slice is not one of its own at full width.</exception>
    public MixtureStepRouter(MixtureModel mixture, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(network);
        if (!Serves(mixture, network))
            throw new FlextronException("The decode engine routes on the CPU at the residual stream's full width: generate through libtorch, as text generation does by itself.");
        this.mixture = mixture;
        shapes = [.. network.ValidatedFor(mixture.Model.Config).Blocks];
        blocks = new RoutedBlock?[shapes.Length];
        int neurons = mixture.Settings.PredictorNeurons, channels = mixture.Model.Config.HiddenSize;
        foreach (DepthRouter router in mixture.Routers.Each)
        {
            WeightMatrix Matrix(torch.Tensor tensor, int rows, int columns) => new((nint)TensorPointer.Of<float>(tensor), 0, rows, columns, WeightFormat.Float32);
            blocks[router.Block] = new RoutedBlock(
                Matrix(router.Weight_C, 1, channels), Matrix(router.Hidden_PC, neurons, channels), (nint)TensorPointer.Of<float>(router.HiddenLogit_P), (nint)TensorPointer.Of<float>(router.HiddenBias_P),
                Matrix(router.Output_P, 1, neurons), (nint)TensorPointer.Of<float>(router.OutputBias_1));
        }
        hidden_P = new NativeBuffer((neurons + 2L * kernels.Lanes) * sizeof(float), "the predictors of a Mixture-of-Depths model");
    }

    /// <summary>Whether the decode engine can route a model's slice.</summary>
    public static bool Serves(MixtureModel mixture, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(network);
        return mixture.Model.Device.type == DeviceType.CPU && DecodeEngine.Supports(mixture.Model.Config) && (network.Width ?? mixture.Model.Config.HiddenSize) == mixture.Model.Config.HiddenSize;
    }

    /// <inheritdoc/>
    public int KvGroups(int block, ReadOnlySpan<float> hidden_C)
    {
        (passes, weight) = (true, 1);
        if (blocks[block] is { } router && shapes[block].IsKept)
        {
            float logit;
            fixed (float* x = hidden_C)
            {
                kernels.Dot(router.Weight_1C, 0, 1, x, hidden_C.Length, &logit);
                passes = (mixture.Settings.Sampler == CausalSampler.Auxiliary ? logit : Predict(router, x, hidden_C.Length, logit)) > 0;
            }
            if (passes) weight = mixture.Settings.Gate == RouterGate.OnePlus ? 1 + logit : logit;
        }
        return passes ? shapes[block].KvGroups : 0;
    }

    /// <inheritdoc/>
    public float Weight(int block) => weight;

    /// <inheritdoc/>
    public int Neurons(int block, ReadOnlySpan<float> hidden_C) => passes ? shapes[block].Neurons : 0;

    /// <inheritdoc/>
    public void Dispose() => hidden_P.Dispose();

    // As DepthRouter.Predict: a line of the stream's direction and the router's logit, a bend, a line.
    private float Predict(RoutedBlock router, float* x, int channels, float ownLogit)
    {
        float square, logit;
        kernels.Dot(new WeightMatrix((nint)x, 0, 1, channels, WeightFormat.Float32), 0, 1, x, channels, &square);
        float scale = 1 / MathF.Sqrt(square / channels + 1e-6f);
        float* hidden = (float*)hidden_P.Start;
        int neurons = mixture.Settings.PredictorNeurons;
        kernels.Dot(router.Hidden_PC, 0, neurons, x, channels, hidden);
        for (int p = 0; p < neurons; p++) hidden[p] = hidden[p] * scale + ownLogit * ((float*)router.HiddenLogit_P)[p];
        kernels.Add(hidden, (float*)router.HiddenBias_P, neurons);
        kernels.Activate(ActivationKind.Silu, hidden, null, neurons);
        kernels.Dot(router.Output_1P, 0, 1, hidden, neurons, &logit);
        return logit + *(float*)router.OutputBias_1;
    }

    private sealed record RoutedBlock(WeightMatrix Weight_1C, WeightMatrix Hidden_PC, nint HiddenLogit_P, nint HiddenBias_P, WeightMatrix Output_1P, nint OutputBias_1);
}
