using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Workbench.Comparisons;

namespace Flextron.Tests.Workbench.Comparisons;

public sealed class TrainingFlopsTests
{
    private const int Length = 7;
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly SubNetwork Network = new([new BlockShape(1, 9), new BlockShape(2, 5)]);

    [Fact]
    public void AForwardPassCountsEveryMatrixProduct()
    {
        foreach (SubNetwork network in new[] { Network, new SubNetwork(Network.Blocks, width: 11), new SubNetwork([new BlockShape(0, 4), new BlockShape(1, 0)]) })
            Assert.Equal(Naive(network), new TrainingFlops(Config, Length).Forward(network), 1e-6);
    }

    [Fact]
    public void AStepCountsTrainedNetworksThreeTimesAndTheTeacherOnce()
    {
        var flops = new TrainingFlops(Config, Length);
        double small = Naive(Network), whole = Naive(SubNetwork.Full(Config));
        Assert.Equal(4 * 3 * (small + whole), flops.Step([Network, SubNetwork.Full(Config)], batch: 4, teacher: false), 1e-6);
        Assert.Equal(4 * (3 * small + whole), flops.Step([Network], batch: 4, teacher: true), 1e-6);
    }

    /// <summary>Two for each multiply-add, product by product and token by token.</summary>
    private static double Naive(SubNetwork network)
    {
        double sum = 0;
        (int c, int h) = (network.Width ?? Config.HiddenSize, Config.HeadSize);
        for (int t = 0; t < Length; t++)
        {
            foreach (BlockShape block in network.Blocks)
            {
                int heads = block.KvGroups * Config.HeadsPerGroup;
                sum += 2 * c * heads * h;
                sum += 2 * 2 * c * block.KvGroups * h;
                for (int seen = 0; seen <= t; seen++) sum += 2 * 2 * heads * h;
                sum += 2 * heads * h * c;
                sum += 3 * 2 * c * block.Neurons;
            }
            sum += 2 * c * Config.VocabularySize;
        }
        return sum;
    }
}
