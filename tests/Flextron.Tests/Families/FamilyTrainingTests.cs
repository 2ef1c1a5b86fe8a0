using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Training;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Families;

public sealed class FamilyTrainingTests
{
    public static TheoryData<string> Names => FamilyFixture.Names;

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt-neox")]
    [InlineData("qwen3")]
    [InlineData("llama-biased")]
    [InlineData("granite")]
    public void GradientsAreFiniteDifferences(string name)
    {
        using DecoderModel model = FamilyFixture.Load(name, ScalarType.Float64);
        using DecoderWeights gradients = DecoderWeights.Allocate(model.Config, ScalarType.Float64);
        using var pass = new ComposedPass(model, gradients);
        using var scope = NewDisposeScope();
        Tensor ids_BT = FamilyFixture.Ids(name), input_BT = ids_BT.narrow(1, 0, 13), target_N = ids_BT.narrow(1, 1, 13).flatten();
        var batch = new TrainingBatch(input_BT, target_N, null, 0);
        SubNetwork network = FamilyFixture.Networks(model.Config).Last();
        pass.Run(network, batch, 1);
        // Kept before the differences add their own.
        double[][] found = [.. gradients.Named().Select(t => t.Tensor.flatten().data<double>().ToArray())];
        int nonZero = 0;
        foreach (((string tensorName, Tensor weight), double[] gradient) in model.Weights.Named().Zip(found))
        {
            using Tensor flat = weight.view(-1);
            for (long i = 0; i < gradient.Length; i += 1 + gradient.Length / 5)
            {
                using Tensor one = flat.narrow(0, i, 1);
                double Moved(double step)
                {
                    using (no_grad()) one.add_(step);
                    return pass.Run(network, batch, 0);
                }

                double expected = (Moved(1e-5) - Moved(-2e-5)) / 2e-5;
                Moved(1e-5);
                Assert.True(Math.Abs(expected - gradient[i]) < 1e-7, $"{tensorName}[{i}]: {gradient[i]}, by differences {expected}");
                if (Math.Abs(expected) > 1e-5) nonZero++;
            }
        }
        Assert.True(nonZero > 30, $"Only {nonZero} entries have a gradient.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TrainingLowersTheLoss(string name)
    {
        using DecoderModel model = FamilyFixture.Load(name);
        TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 400).Select(i => i * 5 % 23)]);
        ElasticSpace space = ElasticSpace.For(model.Config, steps: 2);
        var heldOut = new HeldOutLoss(corpus, 12, 4);
        double[] before = [.. new[] { space.Smallest, space.Largest }.Select(n => heldOut.Of(model, n).Mean)];
        var settings = new JointTrainingSettings { Steps = 12, BatchSize = 4, SequenceLength = 12, LearningRate = 5e-3, WarmupSteps = 1, DistillationWeight = 0 };
        using (var trainer = new JointTrainer(model, space, settings)) trainer.Run(corpus);
        double[] after = [.. new[] { space.Smallest, space.Largest }.Select(n => heldOut.Of(model, n).Mean)];
        Assert.All(before.Zip(after), p => Assert.True(p.Second < 0.8 * p.First, $"{p.First:0.000} became {p.Second:0.000}"));
        Assert.Equal(name is "llama3" or "llama-yarn", FusedPass.Fits(model));
    }
}
