using Flextron.CrossArchitecture;
using Flextron.Latency;
using Flextron.Mixers;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Workbench.Comparisons;
using Flextron.Workbench.TransferComparisons;

namespace Flextron.Tests.Workbench.TransferComparisons;

public sealed class StepFlopsTests
{
    private const int Length = 7;

    [Fact]
    public void WithoutMixersAForwardPassIsThatOfOrdinaryTraining()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = RandomLlama.Create(config, 1).ToDecoderWeights(config);
        var flops = new StepFlops(weights, Length);
        double forward = new TrainingFlops(config, Length).Forward(SubNetwork.Full(config));
        Assert.Equal(forward, flops.Forward, 1e-6);
        Assert.Equal(4 * 3 * forward, flops.Step(4, _ => false), 1e-6);
        Assert.Equal(4 * forward, flops.Step(4, _ => true), 1e-6);
    }

    [Theory]
    [InlineData(MixerKind.Retention)]
    [InlineData(MixerKind.GatedLinear)]
    [InlineData(MixerKind.StateSpace)]
    public void AFreeStepIsThreeForwardPassesAndAFrozenOneLeavesProductsOut(MixerKind mixer)
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights pretrained = RandomLlama.Create(config, 1).ToDecoderWeights(config);
        using TransferredModel transferred = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = mixer });
        ModelConfig linear = transferred.Weights.Config;
        var flops = new StepFlops(transferred.Weights, Length);
        double forward = AnalyticCosts.Flops(linear, new LatencyWorkload(1, Length)).Cost(SubNetwork.Full(linear)) + (Length - 1) * 2.0 * linear.HiddenSize * linear.VocabularySize;
        Assert.Equal(forward, flops.Forward, 1e-6);
        Assert.Equal(3 * forward, flops.Step(1, _ => false), 1e-6);

        // Everything taken over frozen: the weights' products of MLPs, output projections and head go, and in the first block, which nothing free stands in front of,
        // those towards the activations that its projections, gates and steps read.
        (double c, double q, double k) = (linear.HiddenSize, linear.HeadCount * linear.HeadSize, linear.KvGroupCount * linear.HeadSize);
        double weights = 2 * c * linear.VocabularySize + linear.BlockCount * 2 * (c * q + 3 * c * linear.NeuronCount);
        double own = mixer switch { MixerKind.Retention => c * q, MixerKind.GatedLinear => c * q + c * linear.MixerShape(linear.KvGroupCount).Size(MixerAxis.Rank, linear.HiddenSize), _ => c * q + c * linear.KvGroupCount };
        double activations = 2 * (c * q + 2 * c * k + own);
        Assert.Equal(3 * forward - Length * (weights + activations), flops.Step(1, transferred.Transferred.Contains), 1e-6);
    }
}
