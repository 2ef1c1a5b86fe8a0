using Flextron.Routing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Flextron.Tests.Routing;

public sealed class RouterObjectiveTests
{
    [Fact]
    public void TheGradientEqualsFiniteDifferences()
    {
        var family = new SeparableFamily(seed: 7, blocks: 2, groups: 3, neurons: 4);
        using var routers = new StaticRouters(family.Space, new() { HiddenSize = 6, Bumps = 3 });
        using var surrogate = new Surrogate(ChoiceVector.Length(family.Space), new() { MaximumEpochs = 200 });
        var replay = new ReplayBuffer(family.Space, family.Loss, 0.2, 1);
        foreach (var network in family.All()) replay.Add(network);
        surrogate.Fit(replay.Train, replay.HeldOut);

        // Fresh routers cost about half the range, so the hinge is well inside either branch at each of these targets.
        using Tensor targets_B = tensor(new[] { 0.05f, 0.2f, 0.85f, 0.95f });
        RouterObjective Objective() => RouterObjective.Of(routers, surrogate, family.Costs, targets_B, temperature: 0.7, latencyWeight: 3, entropyWeight: 0.5);
        using (NewDisposeScope())
        {
            RouterObjective objective = Objective();
            Assert.True(objective.Excess.item<float>() > 0.05f);
            Assert.InRange(objective.Entropy.item<float>(), 0.9f, 1f);
            objective.Total.backward();
        }
        foreach (Parameter parameter in routers.Parameters)
        {
            float[] gradient = parameter.grad!.data<float>().ToArray();
            int at = Array.IndexOf(gradient, gradient.MaxBy(Math.Abs));
            double slope = (Shifted(parameter, at, 0.02f) - Shifted(parameter, at, -0.02f)) / 0.04;
            Assert.True(Math.Abs(gradient[at]) > 1e-3);
            Assert.Equal(1, slope / gradient[at], 0.02);
        }

        double Shifted(Parameter parameter, int at, float by)
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            Tensor entry = parameter.view(-1).narrow(0, at, 1);
            entry.add_(by);
            double value = Objective().Total.item<float>();
            entry.add_(-by);
            return value;
        }
    }
}
