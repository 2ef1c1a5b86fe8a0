using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Dropping;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Latency;
using Flextron.Mixers;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using Flextron.Workbench.Comparisons;
using Flextron.Workbench.WayComparisons;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Workbench.WayComparisons;

public sealed class WayNetworkTests : IDisposable
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private readonly TemporaryFolder folder = TestData.Temporary();
    private readonly ElasticFamily original;
    private readonly TokenCorpus text = TokenCorpus.OfIds([.. Enumerable.Range(0, 200).Select(i => ((i * 7) + (i / 3)) % 23)]);

    public WayNetworkTests()
    {
        using DecoderWeights weights = RandomLlama.Create(Config, 1).ToDecoderWeights(Config);
        CheckpointWriter.Save(weights, folder["model"], CheckpointFormat.HuggingFace);
        original = ElasticFamily.Load(folder["model"]);
    }

    public void Dispose()
    {
        original.Dispose();
        text.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void ACutModelIsTheFamilysSliceAndADroppedOneTheSubNetwork()
    {
        var heldOut = new HeldOutLoss(text, 16, 4);
        using WayNetwork cut = Of(new WayArm { Way = Way.Alone, Share = 0.5 }), drop = Of(new WayArm { Way = Way.Drop, Target = DropTarget.Attention, Count = 1 });
        SubNetwork half = original.Space.Uniform(0.5);
        Assert.Equal(heldOut.Of(original.Model, half).Mean, cut.Loss(heldOut).Mean, 1e-5);
        Assert.Equal((long)AnalyticCosts.Parameters(Config).Cost(half), cut.Parameters);
        DropPlan plan = DropPlan.Of(Similarities(), Config, DropTarget.Attention, 1);
        Assert.Equal(heldOut.Of(original.Model, plan.Network).Mean, drop.Loss(heldOut).Mean, 1e-9);
        Assert.True(drop.Parameters < original.Model.Weights.ParameterCount);
    }

    [Fact]
    public void EveryWayReadsTokenByTokenWhatItReadsAtOnceAndIsReadBack()
    {
        using Tensor ids_BT = tensor(Enumerable.Range(0, 24).Select(i => (long)(i * 5 % 23)).ToArray(), [2, 12]);
        foreach (WayArm arm in new WayArm[]
        {
            new() { Way = Way.Continued }, new() { Way = Way.MixtureOfDepths, Capacity = 0.5 }, new() { Way = Way.Transfer, Mixer = MixerKind.Retention, Keep = [1] },
            new() { Way = Way.Drop, Target = DropTarget.Mlp, Count = 1 }, new() { Way = Way.Alone, Share = 0.5, Fresh = true },
        })
        {
            using WayNetwork network = Of(arm);
            var heldOut = new HeldOutLoss(text, 16, 4);
            double loss = network.Loss(heldOut).Mean;
            Assert.True(network.Run(ids_BT, 8) is { PrefillMs: > 0, DecodeMs: > 0 });
            Assert.True(network.Run(ids_BT, 12) is { PrefillMs: > 0, DecodeMs: 0 });
            network.Save(folder[arm.Way.ToString()]);
            using WayNetwork again = WayNetwork.Load(folder[arm.Way.ToString()], network.Network);
            Assert.Equal(loss, again.Loss(heldOut).Mean, 1e-9);
        }
    }

    [Fact]
    public void OperationsOfATrainingAreCounted()
    {
        var training = new JointTrainingSettings { Steps = 5, BatchSize = 3, SequenceLength = 8, Strategy = SamplingStrategy.Full, NetworksPerStep = 1, DistillationWeight = 0 };
        using WayNetwork whole = Of(new WayArm { Way = Way.Continued }), mixture = Of(new WayArm { Way = Way.MixtureOfDepths, Capacity = 0.25 });
        double forward = new TrainingFlops(Config, 8).Forward(SubNetwork.Full(Config));
        Assert.Equal((5 * 3 * 8, 5 * 3 * 3 * forward), WayStage.Spent(training, whole, original));
        Assert.Equal(5 * 3 * (3 + 1) * forward, WayStage.Spent(training with { DistillationWeight = 0.5 }, whole, original).Flops, 1e-3);
        Assert.Equal(5 * 3 * 3 * new MixtureCosts(Config, mixture.Mixture!.Settings).ForwardFlops(8), WayStage.Spent(training, mixture, original).Flops, 1e-3);
        // Two networks a step: the sandwich's largest and smallest.
        JointTrainingSettings joint = training with { Strategy = SamplingStrategy.Sandwich, NetworksPerStep = 2 };
        double smallest = new TrainingFlops(Config, 8).Forward(original.Space.Smallest);
        Assert.Equal(5 * 3 * 3 * (forward + smallest), WayStage.Spent(joint, whole, original).Flops, 1e-3);
    }

    private WayNetwork Of(WayArm arm) => WayNetwork.Of(arm, seed: 3, original, Similarities);

    private PartSimilarities Similarities() => PartSimilarities.Measure(original.Model, text, new ImportanceSettings { MaximumTokens = 64, WindowLength = 16 });
}
