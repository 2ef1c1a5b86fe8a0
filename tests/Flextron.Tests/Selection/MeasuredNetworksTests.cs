using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tests.Reference;
using Flextron.Training;

namespace Flextron.Tests.Selection;

public sealed class MeasuredNetworksTests
{
    private static readonly ElasticSpace Space = NetworkSelectorTests.Space;

    [Fact]
    public void EstimatesAreExactWhereMeasuredAndCorrectedByTheNearestElsewhere()
    {
        LossSensitivities losses = NetworkSelectorTests.Sensitivities(new Random(1));
        SubNetwork near = Space.Uniform(1), far = Space.Uniform(0), asked = new(Space.Largest.Blocks.SetItem(1, new BlockShape(4, 48)));
        var measured = new MeasuredNetworks([new(near, losses.Predict(near)!.Value + 0.25), new(far, losses.Predict(far)!.Value - 1)], 8);
        Assert.Equal(losses.Predict(near)!.Value + 0.25, measured.Estimate(losses, near)!.Value, 1e-12);
        Assert.Equal(losses.Predict(far)!.Value - 1, measured.Estimate(losses, far)!.Value, 1e-12);
        Assert.Equal(losses.Predict(asked)!.Value + 0.25, measured.Estimate(losses, asked)!.Value, 1e-12);
        Assert.Equal(losses.Predict(asked), new MeasuredNetworks([], 8).Estimate(losses, asked));
    }

    [Fact]
    public void WhatIsMeasuredFitsItsTargetsAndTheFileComesBack()
    {
        ModelConfig config = NetworkSelectorTests.Config;
        using DecoderModel model = new(RandomLlama.Create(config, seed: 1).ToDecoderWeights(config));
        TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 800).Select(i => i * 5 % 23)]);
        var text = new HeldOutLoss(corpus, 16, 4);
        var apart = new HeldOutLoss(corpus, 16, 6, text);
        ICostTable cost = AnalyticCosts.Parameters(config);
        var selector = new NetworkSelector(config, Space) { Latency = cost, Sensitivities = LossSensitivities.Measure(model, Space, text) };
        MeasuredNetworks measured = MeasuredNetworks.Measure(model, selector, _ => Space.Largest, apart, [0, 0.5, 1]);
        Assert.Equal(6, measured.Windows);
        // At most the router's choice and four uniform networks a target.
        Assert.InRange(measured.Networks.Count, 4, 15);
        Assert.Contains(measured.Networks, m => m.Network.Equals(Space.Smallest));
        Assert.Equal(apart.Of(model, Space.Largest).Mean, measured.Networks.Single(m => m.Network.Equals(Space.Largest)).Loss);
        double half = cost.Cost(Space.Smallest) + 0.5 * (cost.Cost(Space.Largest) - cost.Cost(Space.Smallest));
        Assert.Contains(measured.Networks, m => m.Network.Blocks.Distinct().Count() == 1 && cost.Cost(m.Network) is var c && c <= half && c > 0.8 * half);
        using TemporaryFolder folder = TestData.Temporary();
        measured.Save(folder["measured.json"]);
        Assert.Equal(measured.Networks, MeasuredNetworks.Load(folder["measured.json"], Space).Networks);
        Assert.Contains("not measured for this model", Assert.Throws<FlextronException>(
            () => MeasuredNetworks.Load(folder["measured.json"], Space with { BlockCount = 2 })).Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => MeasuredNetworks.Measure(model, new NetworkSelector(config, Space), _ => Space.Largest, apart, [0.5]));
    }

    [Fact]
    public void WindowsApartAreOtherWindows()
    {
        // One window after another of one id: what is read shows which windows are used.
        TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 161).Select(i => i / 16)]);
        HashSet<long> Read(HeldOutLoss loss)
        {
            var seen = new HashSet<long>();
            loss.Of(ids_BT =>
            {
                foreach (long id in ids_BT.data<long>().ToArray()) seen.Add(id);
                return TorchSharp.torch.zeros([ids_BT.size(0), ids_BT.size(1), 23]);
            });
            return seen;
        }

        var first = new HeldOutLoss(corpus, 16, 3);
        var apart = new HeldOutLoss(corpus, 16, 5, first);
        (HashSet<long> a, HashSet<long> b) = (Read(first), Read(apart));
        Assert.Equal((3, 5), (a.Count, b.Count));
        Assert.Empty(a.Intersect(b));
        // Where no others are left the same are used.
        var all = new HeldOutLoss(corpus, 16, 100);
        Assert.Equal(4, new HeldOutLoss(corpus, 16, 4, all).WindowCount);
    }
}
