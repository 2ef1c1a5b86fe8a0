using Flextron.Models;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>The block that slices are measured on, and a forward and backward pass of it at any width.</summary>
internal static class SliceShape
{
    public const int Batch = 4, Time = 256;

    public static ModelConfig Config { get; } = new()
    {
        Family = "llama", VocabularySize = 64, HiddenSize = 512, BlockCount = 1, HeadCount = 8, KvGroupCount = 8, HeadSize = 64, NeuronCount = 1536, ContextLength = Time, TiedEmbeddings = true,
    };

    /// <summary>Eighths of the block's groups and neurons.</summary>
    public static SubNetwork Eighths(int count) => new([new BlockShape(count, Config.NeuronCount / 8 * count)]);

    /// <summary>A pass over a network of one model, on its own gradient buffer; the gradient keeps adding up.</summary>
    public static BenchmarkCase Case(string name, DecoderModel model, SubNetwork network, List<IDisposable> owned)
    {
        DecoderWeights gradients = DecoderWeights.Allocate(model.Config);
        WeightView weights = WeightView.Of(model.Weights, network), targets = WeightView.Of(gradients, network);
        Tensor x_NC = randn(Batch * Time, model.Config.HiddenSize).DetachFromDisposeScope(), gradient_NC = (randn(Batch * Time, model.Config.HiddenSize) * 1e-3).DetachFromDisposeScope();
        owned.AddRange([gradients, weights, targets, x_NC, gradient_NC]);
        return new BenchmarkCase(name, () =>
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            var block = new FusedBlock(model, 0, weights, targets, Batch, Time);
            block.Forward(x_NC);
            block.Backward(gradient_NC.clone());
        });
    }
}
