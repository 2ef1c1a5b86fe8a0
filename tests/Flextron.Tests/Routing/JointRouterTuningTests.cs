using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Tests.Reference;
using Flextron.Training;

namespace Flextron.Tests.Routing;

public sealed class JointRouterTuningTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly ElasticSpace Space = ElasticSpace.For(Config, steps: 2);
    private static readonly TokenCorpus Corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 2000).Select(i => i * 5 % 23)]);
    private static readonly RoutingCosts Costs = new(1, [[1, 2], [1, 2]], [.. Enumerable.Range(0, 2).Select(_ => Space.Neurons.Select(d => d / 10.0).ToArray())]);

    private static readonly JointRouterSettings Settings = new()
    {
        Training = new() { Steps = 15, BatchSize = 4, SequenceLength = 16, LearningRate = 3e-3, WarmupSteps = 2, DistillationWeight = 0, NetworksPerStep = 4, EvaluateEvery = 0 },
    };

    [Fact]
    public void TheModelIsTrainedOnTheDrawnNetworksExactlyAsByTheJointTrainer()
    {
        (float[] weights, _, List<JointRouterStep> steps) = Tune(Settings);
        using var model = Model();
        using (var trainer = new JointTrainer(model, Space, Settings.Training, source: new Replayed(steps))) trainer.Run(Corpus);
        Assert.Equal(model.Weights.Flat.data<float>().ToArray(), weights);
        Assert.All(steps, s => Assert.Equal(3, s.Networks.Count));
        Assert.True(steps.SelectMany(s => s.Networks).Distinct().Count() > 5);
        Assert.True(steps[^1].FullLoss < steps[0].FullLoss - 0.1);
    }

    [Fact]
    public void TheSameSeedGivesTheSameModelAndRouters()
    {
        (float[] weights, byte[] routers, _) = Tune(Settings);
        (float[] weightsAgain, byte[] routersAgain, _) = Tune(Settings);
        Assert.Equal(weights, weightsAgain);
        Assert.Equal(routers, routersAgain);
    }

    [Fact]
    public void RoutersLearnWhichLayerMatters()
    {
        // No LM training to speak of, no budget pressure: the whole network has the least loss of a trained model, so choices should widen.
        (float[] trained, _, _) = Tune(Settings with { Training = Settings.Training with { Steps = 60 } });
        using var model = Model();
        using (TorchSharp.torch.no_grad()) model.Weights.Flat.copy_(TorchSharp.torch.tensor(trained));
        var heldOut = new HeldOutLoss(Corpus, 16, 8);
        using var routers = new StaticRouters(Space);
        double before = Expected(routers), largest = heldOut.Of(model, Space.Largest).Mean;
        JointRouterSettings settings = Settings with
        {
            Training = Settings.Training with { Steps = 150, LearningRate = 1e-9 }, LatencyWeight = 0, RouterLearningRate = 0.02, Temperature = 1,
        };
        JointRouterTuning.Run(model, routers, Costs, Corpus, settings, lossScale: 0.1);
        double after = Expected(routers);
        Assert.True(before - after > 0.3 * (before - largest), $"before {before}, after {after}, whole network {largest}");

        double Expected(StaticRouters r)
        {
            float[] p = r.ChoiceRows([0.5])[0];
            double sum = 0;
            foreach (int code in Enumerable.Range(0, 16))
            {
                int[] indices = [code & 1, code >> 1 & 1, code >> 2 & 1, code >> 3 & 1];
                double probability = indices.Select((k, layer) => (double)p[2 * layer + k]).Aggregate(1.0, (a, b) => a * b);
                sum += probability * heldOut.Of(model, ChoiceVector.Network(Space, indices)).Mean;
            }
            return sum;
        }
    }

    [Fact]
    public void LatencyPressureBringsRoutersUnderTheirTargets()
    {
        using var model = Model();
        using var routers = new StaticRouters(Space);
        var steps = new List<JointRouterStep>();
        JointRouterSettings settings = Settings with { Training = Settings.Training with { Steps = 80 }, RouterLearningRate = 0.02 };
        JointRouterTuning.Run(model, routers, Costs, Corpus, settings, lossScale: 1, onRouterStep: steps.Add);
        Assert.True(steps[0].Excess > 0.1);
        Assert.True(steps.TakeLast(10).Average(s => s.Excess) < 0.3 * steps.Take(10).Average(s => s.Excess));
    }

    private static DecoderModel Model() => new(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));

    private static (float[] Weights, byte[] Routers, List<JointRouterStep> Steps) Tune(JointRouterSettings settings)
    {
        using var model = Model();
        using var routers = new StaticRouters(Space);
        var steps = new List<JointRouterStep>();
        JointRouterTuning.Run(model, routers, Costs, Corpus, settings, lossScale: 0.5, onRouterStep: steps.Add);
        return (model.Weights.Flat.data<float>().ToArray(), StaticRoutersTests.Bits(routers), steps);
    }

    private sealed class Replayed(List<JointRouterStep> steps) : ISubNetworkSource
    {
        public IReadOnlyList<SubNetwork> At(int step) => [Space.Largest, .. steps[step].Networks];
    }
}
