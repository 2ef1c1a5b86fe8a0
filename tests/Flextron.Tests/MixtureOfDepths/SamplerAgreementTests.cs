using Flextron.Data;
using Flextron.MixtureOfDepths;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;
using static Flextron.Tests.MixtureOfDepths.TinyMixture;

namespace Flextron.Tests.MixtureOfDepths;

public sealed class SamplerAgreementTests
{
    private static readonly HeldOutLoss HeldOut = new(TokenCorpus.OfIds([.. Enumerable.Range(0, 200).Select(i => (i * i * 5 + 3 * i) % 23)]), Time, 5);

    [Fact]
    public void ASamplerThatLetsNothingPassAgreesOnOneMinusTheCapacity()
    {
        using MixtureModel mixture = Create();
        SamplerAgreement agreement = SamplerAgreement.Measure(mixture, HeldOut);
        Assert.Equal(0.75, agreement.Accuracy, 1e-12);
        Assert.Equal(0, agreement.CausalShare);
        Assert.Equal([1, 3], agreement.Blocks.Select(b => b.Block));
        Assert.All(agreement.Blocks, b => Assert.Equal((60, 15, 0, 0), (b.Decisions, b.Top, b.Sampled, b.Both)));
        using var noGrad = no_grad();
        var none = new GivenTokens(mixture.RoutedBlocks.ToDictionary(i => i, _ => Enumerable.Repeat(new bool[Time], 8).ToArray()));
        Assert.Equal(HeldOut.Of(ids_BT => mixture.Forward(ids_BT, none)).Mean, agreement.Causal.Mean, 1e-12);
        Assert.Equal(HeldOut.Of(ids_BT => mixture.Forward(ids_BT, TopTokens.ByRouter(Settings))).Mean, agreement.TopK.Mean, 1e-12);
    }

    [Fact]
    public void DecisionsAreCountedOverTheStreamsOfTheTopKPass()
    {
        using MixtureModel mixture = Create(Settings with { Sampler = CausalSampler.Auxiliary });
        SamplerAgreement agreement = SamplerAgreement.Measure(mixture, HeldOut);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var readings = new List<RouterReading>();
        HeldOut.Of(ids_BT =>
        {
            var here = new List<RouterReading>();
            Tensor logits_BTV = mixture.Forward(ids_BT, TopTokens.ByRouter(mixture.Settings), readings: here);
            readings.AddRange(here);
            int[] same = [.. here.Select(r => r.Logits_BT.gt(0).data<bool>().ToArray().Zip(r.Selected).Count(p => p.First == p.Second))];
            Assert.All(here.Zip(same), p => Assert.Equal((double)p.Second / (p.First.Batch * Time), agreement.Blocks.Single(b => b.Block == p.First.Block).Accuracy, 1e-12));
            return logits_BTV;
        });
        Assert.Equal(2, readings.Count);
        Assert.InRange(agreement.Accuracy, 0.3, 0.95);
        Assert.All(agreement.Blocks, b => Assert.Equal(b.Recall * b.Top, b.Precision * b.Sampled, 1e-9));
        Assert.Equal(agreement.Causal.Mean / agreement.TopK.Mean - 1, agreement.LossChange, 1e-12);
    }
}
