using System.Runtime.Intrinsics;
using Flextron.Inference.Kernels;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>The shape that decoding speed is stated for, and the bytes that a token touches.</summary>
internal static class DecodeShape
{
    /// <summary>The 110M-parameter shape of the story models: C 768, 12 blocks, 12 heads, D 2048, vocabulary 32000.</summary>
    public static ModelConfig Config { get; } = new()
    {
        Family = "llama", VocabularySize = 32000, HiddenSize = 768, BlockCount = 12, HeadCount = 12, KvGroupCount = 12, HeadSize = 64, NeuronCount = 2048,
        ContextLength = 1024, TiedEmbeddings = true,
    };

    /// <summary>Weight bytes that one token reads: the blocks' slices and the whole head, of bytes per weight as the format has them.</summary>
    public static double Bytes(ModelConfig config, SubNetwork network, WeightFormat format)
    {
        double weights = (double)config.HiddenSize * config.VocabularySize;
        foreach (BlockShape block in network.Blocks)
        {
            double q = (double)block.KvGroups * config.HeadsPerGroup * config.HeadSize, k = (double)block.KvGroups * config.HeadSize;
            weights += config.HiddenSize * (2 * q + 2 * k + 3.0 * block.Neurons);
        }
        return weights * (format switch { WeightFormat.BFloat16 => 2, WeightFormat.Int8 => 1, _ => 4 });
    }

    /// <summary>A model of random weights.</summary>
    public static DecoderModel RandomModel(ModelConfig config)
    {
        manual_seed(1);
        DecoderWeights weights = DecoderWeights.Allocate(config);
        using var noGrad = no_grad();
        foreach ((_, Tensor tensor) in weights.Named())
        {
            if (tensor.dim() == 1) tensor.fill_(1);
            else tensor.normal_(0, 1 / Math.Sqrt(config.HiddenSize));
        }
        return new DecoderModel(weights);
    }
}
