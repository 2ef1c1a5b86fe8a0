using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Tests.Inference.Decoding;

/// <summary>Random legal shapes, odd sizes among them, and random sub-networks.</summary>
internal static class RandomShapes
{
    /// <summary>Vector widths of this processor.</summary>
    public static IReadOnlyList<IKernels> Kernels => KernelChoice.Available();

    /// <summary>A shape; the seed decides everything.</summary>
    public static ModelConfig Config(int seed)
    {
        var random = new Random(seed);
        int groups = random.Next(1, 5), perGroup = random.Next(1, 4);
        return new ModelConfig
        {
            Family = "llama", VocabularySize = random.Next(3, 90), HiddenSize = random.Next(1, 70), BlockCount = random.Next(1, 4),
            HeadCount = groups * perGroup, KvGroupCount = groups, HeadSize = 2 * random.Next(1, 20), NeuronCount = random.Next(1, 150),
            ContextLength = 48, TiedEmbeddings = random.Next(2) == 0, RopeTheta = random.Next(2) == 0 ? 10000 : 500,
        };
    }

    /// <summary>A sub-network, skipped parts and narrow residual streams among them.</summary>
    public static SubNetwork Network(ModelConfig config, Random random)
    {
        int Kept(int full) => random.Next(4) == 0 ? 0 : random.Next(1, full + 1);
        BlockShape[] blocks = [.. Enumerable.Range(0, config.BlockCount).Select(_ => new BlockShape(Kept(config.KvGroupCount), Kept(config.NeuronCount)))];
        return new SubNetwork(blocks, random.Next(2) == 0 ? null : random.Next(1, config.HiddenSize + 1));
    }

    /// <summary>Token ids.</summary>
    public static int[] Ids(ModelConfig config, Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(config.VocabularySize))];
}
