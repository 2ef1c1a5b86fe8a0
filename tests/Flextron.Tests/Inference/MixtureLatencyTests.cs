using Flextron.Inference;
using Flextron.Inference.Decoding;
using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Tests.MixtureOfDepths;

namespace Flextron.Tests.Inference;

public sealed class MixtureLatencyTests
{
    private static readonly LatencyWorkload Workload = new(1, 8, 6);
    private static readonly ProfileSettings Quick = new() { Seconds = 0.05, MinimumRounds = 3, WarmUpSeconds = 0, MinimumWindowMs = 0 };

    [Fact]
    public void ThroughTheGivenBlocksATokenPassesAndTheModelsOwnRoutersAreHeeded()
    {
        using MixtureModel mixture = TinyMixture.Create();
        using var engine = new DecodeEngine(mixture.Model);
        using var router = new MixtureStepRouter(mixture, mixture.Model.FullNetwork);
        using DecodeSession session = engine.NewSession(14, threads: 1), own = engine.NewSession(14, threads: 1);
        int[] ids = [.. Enumerable.Range(0, 14).Select(i => i * 5 % 23)];
        var depths = new FixedDepths(router, mixture.Model.FullNetwork, mixture.RoutedBlocks);
        long Held(bool[] passes)
        {
            session.Reset();
            depths.Begin(passes);
            session.Prefill(ids, depths);
            return session.HeldBytes;
        }

        // Two of four blocks route: keys and values of the dense ones, and of every pass.
        long none = Held(new bool[28]), all = Held([.. Enumerable.Repeat(true, 28)]);
        Assert.Equal(2 * none, all);
        bool[] some = [.. Enumerable.Range(0, 28).Select(i => i is 0 or 3 or 4 or 5 or 27)];
        Assert.Equal(none + 5 * (all - none) / 28, Held(some));

        // What a routed block adds is weighed, as with the model's own weights, by next to 1; nothing else is.
        Assert.Equal([0, 1, 0, 0], Weighed([true, false]));
        Assert.Equal([0, 1, 0, 1], Weighed([true, true]));
        int[] Weighed(bool[] passes)
        {
            depths.Begin(passes);
            return [.. Enumerable.Range(0, 4).Select(block =>
            {
                depths.KvGroups(block, new float[mixture.Model.Config.HiddenSize]);
                Assert.Equal(1, depths.Weight(block), 1e-6f);
                return depths.Weight(block) == 1 ? 0 : 1;
            })];
        }

        depths.Heard = [];
        long heeded = Held([]);
        own.Prefill(ids, router);
        Assert.Equal(28, depths.Heard.Count);
        Assert.Equal(none + depths.Heard.Count(p => p) * (all - none) / 28, heeded);
    }

    [Fact]
    public void ATableHasEveryDepthIsCheckedAndReadBack()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using MixtureModel mixture = TinyMixture.Create();
        using var engine = new DecodeEngine(mixture.Model);
        using var runner = new MixtureWorkloadRunner(engine, mixture, Workload);
        var random = new Random(1);
        foreach (int count in new[] { 0, 1, 2 }) Assert.All(runner.Passing(count, random).Chunk(2), token => Assert.Equal(count, token.Count(p => p)));
        Assert.Equal(14 * 2, runner.Own().Length);

        MixtureLatencyTable table = MixtureLatencyProfiler.Profile(runner, mixture.Settings, check: 4, Quick);
        Assert.Equal([0, 1, 2], table.Depths.Select(d => d.Passed));
        Assert.Equal(runner.Own().Count(p => p) / 28.0, table.Own!.Share, 1e-12);
        Assert.Equal((4, 4, 4), (table.HeldOut!.Pairs.Count, table.HeldOut.Prefill!.Pairs.Count, table.HeldOut.Decode!.Pairs.Count));
        Assert.All(table.HeldOut.Pairs.Zip(table.HeldOut.Prefill.Pairs, table.HeldOut.Decode.Pairs), p => Assert.Equal(p.First.PredictedMs, p.Second.PredictedMs + p.Third.PredictedMs, 1e-9));
        table.Save(folder["t.json"]);
        MixtureLatencyTable again = MixtureLatencyTable.Load(folder["t.json"]);
        Assert.Equal(table.Predict(0.7, 1.3), again.Predict(0.7, 1.3));
        Assert.Equal(table.Key, again.Key);
        File.WriteAllText(folder["x.json"], "{}");
        Assert.Contains("x.json", Assert.Throws<FlextronException>(() => MixtureLatencyTable.Load(folder["x.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BetweenNumbersOfBlocksTimesLieOnALine()
    {
        DepthLatency Depth(int passed, double prefill, double step) => new(passed, new Quartiles(prefill, prefill, prefill, 5), new Quartiles(step, step, step, 5));
        using MixtureModel mixture = TinyMixture.Create();
        var table = new MixtureLatencyTable
        {
            MixtureVersion = 1, Key = LatencyKey.Of(mixture.Model, Workload, "x"), Mixture = mixture.Settings, Depths = [Depth(0, 10, 1), Depth(1, 14, 3), Depth(2, 20, 4)], Dense = Depth(2, 15, 3.5),
        };
        Assert.Equal((1.0, 1.5, 3.0, 3.5, 4.0), (table.StepMs(0), table.StepMs(0.25), table.StepMs(1), table.StepMs(1.5), table.StepMs(2)));
        Assert.Equal(17 + 6 * 2, table.Predict(1.5, 0.5), 1e-12);
    }

    [Fact]
    public void OneTextAtATimeIsWhatItMeasures()
    {
        using MixtureModel mixture = TinyMixture.Create();
        using var engine = new DecodeEngine(mixture.Model);
        Assert.Contains("batch 1", Assert.Throws<FlextronException>(() => new MixtureWorkloadRunner(engine, mixture, Workload with { Batch = 2 })).Message, StringComparison.Ordinal);
        Assert.Contains("at least one token", Assert.Throws<FlextronException>(() => new MixtureWorkloadRunner(engine, mixture, Workload with { GeneratedTokens = 0 })).Message, StringComparison.Ordinal);
    }
}
