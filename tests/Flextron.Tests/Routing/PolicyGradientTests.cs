using Flextron.Models;
using Flextron.Routing;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Tests.Routing;

public sealed class PolicyGradientTests
{
    private static readonly SeparableFamily Family = new(seed: 5, blocks: 2, groups: 2, neurons: 3);
    private static readonly SubNetwork[] All = [.. Family.All()];
    private static readonly float[] Scores = [0.3f, -0.4f, 1.1f, 0.2f, 0.5f, -1f, 0.1f, 0f, 0.7f, -0.2f];

    [Theory]
    [InlineData(0)]
    [InlineData(2.5)]
    public void TheEstimateIsUnbiasedWhateverTheBaseline(double baseline)
    {
        // The mean of the estimate over all 36 networks, weighted by their probabilities, is its expectation: no sampling error.
        using var scope = NewDisposeScope();
        Tensor forExact = tensor(Scores).requires_grad_(true), forEstimate = tensor(Scores).requires_grad_(true);
        Tensor losses_B = tensor(All.Select(n => (float)Family.Loss(n)).ToArray());
        Tensor probabilities_B = PolicyGradient.LogProbabilities(Logs(forExact).expand(All.Length, 10), Family.Space, All).exp();
        Assert.Equal(1, probabilities_B.sum().item<float>(), 1e-5);
        (probabilities_B * losses_B).sum().backward();

        float[] weights = probabilities_B.detach().data<float>().ToArray();
        double[] advantages = [.. All.Select((n, i) => All.Length * weights[i] * (Family.Loss(n) - baseline))];
        PolicyGradient.Objective(PolicyGradient.LogProbabilities(Logs(forEstimate).expand(All.Length, 10), Family.Space, All), advantages).backward();
        float[] exact = forExact.grad!.data<float>().ToArray(), estimate = forEstimate.grad!.data<float>().ToArray();
        Assert.True(exact.Max(Math.Abs) > 0.05);
        for (int i = 0; i < exact.Length; i++) Assert.Equal(exact[i], estimate[i], 1e-5);
    }

    [Fact]
    public void DrawsFollowTheProbabilities()
    {
        using var scope = NewDisposeScope();
        float[] r = Logs(tensor(Scores)).exp().data<float>().ToArray();
        var random = new Random(1);
        const int draws = 20000;
        double[] sampled = new double[10], relaxed = new double[10];
        for (int i = 0; i < draws; i++)
        {
            Count(sampled, ChoiceVector.Network(Family.Space, RouterNoise.Sample(Family.Space, r, random)));
            Count(relaxed, ChoiceVector.Selected(Family.Space, RouterNoise.GumbelSoftmax(Family.Space, r, 0, 0.3, random)));
        }
        // Five standard errors of a share.
        double tolerance = 5 * Math.Sqrt(0.25 / draws);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(r[i], sampled[i] / draws, tolerance);
            Assert.Equal(r[i], relaxed[i] / draws, tolerance);
        }

        static void Count(double[] counts, SubNetwork network)
        {
            float[] taken = ChoiceVector.OneHot(Family.Space, network);
            for (int i = 0; i < counts.Length; i++) counts[i] += taken[i];
        }
    }

    [Fact]
    public void TheBaselineFollowsTheTarget()
    {
        var baseline = new TargetBaseline(knots: 5, decay: 0.99);
        var random = new Random(1);
        Assert.Equal(0, baseline.At(0.5));
        for (int i = 0; i < 4000; i++)
        {
            double target = random.NextDouble();
            baseline.Add(target, 3 - 2 * target);
        }
        for (double target = 0.125; target < 0.9; target += 0.125) Assert.Equal(3 - 2 * target, baseline.At(target), 0.1);
    }

    private static Tensor Logs(Tensor scores)
    {
        Tensor attention = functional.log_softmax(scores.narrow(0, 0, 4).view(2, 2), 1), mlp = functional.log_softmax(scores.narrow(0, 4, 6).view(2, 3), 1);
        return cat([attention.flatten(), mlp.flatten()]).unsqueeze(0);
    }
}
