using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Tests.Latency;

/// <summary>Profiling a machine whose true latencies are known.</summary>
public sealed class ScriptedProfileTests
{
    private static readonly ElasticSpace Space = new([1, 2, 4], [16, 32, 48, 64], 3);
    private static readonly ProfileSettings Settings = new() { MinimumRounds = 12, Seconds = 0, WarmUpSeconds = 0, MinimumWindowMs = 0 };

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void PromptAndDecodingAreFoundApart(int generated)
    {
        using var runner = new ScriptedRunner(Key(generated), _ => 1);
        LatencyTable table = LatencyProfiler.Profile(runner, Space, Settings);
        var random = new Random(1);
        for (int i = 0; i < 50; i++)
        {
            SubNetwork network = Space.Random(random);
            (double prompt, double step) = (ScriptedRunner.PrefillMs(network), ScriptedRunner.StepMs(network));
            Close(prompt, table.PrefillCosts().Cost(network));
            Close(prompt + generated * step, table.Predict(network));
            if (generated > 0) Close(step, table.DecodeStepCosts().Cost(network));
        }
        if (generated == 0) Assert.Contains("--generated-tokens", Assert.Throws<FlextronException>(table.DecodeStepCosts).Message, StringComparison.Ordinal);

        static void Close(double expected, double actual) => Assert.InRange(actual / expected, 0.98, 1.02);
    }

    [Fact]
    public void RoundsEndWhereWholeRunsAreKnownAsWellAsWasAsked()
    {
        // Noise is uniform over ±1 %: its quartiles lie 1 % apart, and after n rounds a median is known to about 0.93 % / √n, or better, as far as noise looks like slow spells.
        ProfileSettings settings = Settings with { MinimumRounds = 5, MaximumRounds = 400, Seconds = 60, Precision = 0.001 };
        using var runner = new ScriptedRunner(Key(4), _ => 1);
        LatencyTable table = LatencyProfiler.Profile(runner, Space, settings);
        Assert.InRange(table.Precision!.Value, 0.0005, 0.001);
        Assert.InRange(table.Rounds, 20, 200);
        // Asked for less, it ends with the least rounds; asked for what cannot be, with the most.
        using var coarse = new ScriptedRunner(Key(4), _ => 1);
        Assert.Equal(5, LatencyProfiler.Profile(coarse, Space, settings with { Precision = 0.05 }).Rounds);
        using var fine = new ScriptedRunner(Key(4), _ => 1);
        LatencyTable most = LatencyProfiler.Profile(fine, Space, settings with { Precision = 1e-6, MaximumRounds = 30 });
        Assert.Equal(30, most.Rounds);
        Assert.InRange(most.Precision!.Value, 0.001, 0.004);
        using var once = new ScriptedRunner(Key(4), _ => 1);
        Assert.Null(LatencyProfiler.Profile(once, Space, settings with { MinimumRounds = 1, MaximumRounds = 2, Precision = 1 }).Precision);
    }

    [Fact]
    public void NarrowerResidualStreamsHaveTablesOfTheirOwn()
    {
        ElasticSpace space = Space with { Widths = [16, 24, 32], Depths = [2, 3], BlockRanking = [2, 0, 1] };
        // Slow for spells: all widths are measured in the same rounds.
        using var runner = new ScriptedRunner(Key(4), run => run % 200 > 150 ? 1.8 : 1);
        LatencyTable table = LatencyProfiler.Profile(runner, space, Settings);
        Assert.Equal([24, 16], table.Narrower!.Select(t => t.ResidualWidth));
        var random = new Random(2);
        SubNetwork[] networks = [.. Enumerable.Range(0, 60).Select(_ => space.Random(random))];
        Assert.Equal([null, 16, 24], networks.Select(n => n.Width).Distinct().Order());
        foreach (SubNetwork network in networks)
        {
            (double prompt, double step) = (ScriptedRunner.PrefillMs(network), ScriptedRunner.StepMs(network));
            Assert.InRange(table.PrefillCosts().Cost(network) / prompt, 0.97, 1.03);
            Assert.InRange(table.DecodeStepCosts().Cost(network) / step, 0.97, 1.03);
            Assert.InRange(table.Predict(network) / (prompt + 4 * step), 0.97, 1.03);
        }
        HonestyReport report = TableHonesty.Check(table, runner, space, count: 30, seed: 5, Settings);
        Assert.Contains(report.Pairs, p => p.Network.EndsWith(" of 16", StringComparison.Ordinal));
        Assert.InRange(report.Error95, 0, 0.04);

        using TemporaryFolder folder = TestData.Temporary();
        table.Save(folder["table.json"]);
        LatencyTable read = LatencyTable.Load(folder["table.json"]);
        Assert.All(networks, n => Assert.Equal(table.Predict(n), read.Predict(n)));
        Assert.Contains("12 channels is not known", Assert.Throws<FlextronException>(() => read.Predict(new SubNetwork(networks[0].Blocks, 12))).Message, StringComparison.Ordinal);
        // A width that is no width, and a narrower table with another machine's key, are damage.
        (table with { Narrower = [table.Narrower![0] with { ResidualWidth = 32 }] }).Save(folder["wide.json"]);
        (table with { Narrower = [table.Narrower![0] with { Key = Key(5) }] }).Save(folder["other.json"]);
        foreach (string name in (string[])["wide.json", "other.json"])
            Assert.Contains("damaged latency table", Assert.Throws<FlextronException>(() => LatencyTable.Load(folder[name])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMachineThatIsSlowerDuringTheCheckDoesNotLookLikeAWrongTable()
    {
        using var calm = new ScriptedRunner(Key(4), _ => 1);
        LatencyTable table = LatencyProfiler.Profile(calm, Space, Settings);
        // Half as fast again, and slower still for spells.
        using var busy = new ScriptedRunner(Key(4), run => run % 90 > 70 ? 2.4 : 1.5, seed: 2);
        HonestyReport report = TableHonesty.Check(table, busy, Space, count: 30, seed: 5, Settings);
        Assert.Equal(30, report.Pairs.Count);
        Assert.InRange(report.Slowdown, 1.45, 1.55);
        Assert.InRange(report.MedianError, 0, 0.02);
        Assert.InRange(report.Error95, 0, 0.04);
        Assert.True(report.Spearman > 0.99, $"{report}");
        Assert.InRange(report.Prefill!.MedianError, 0, 0.02);
        Assert.InRange(report.Decode!.MedianError, 0, 0.02);
    }

    [Fact]
    public void ATableOfAnotherShapeLooksWrong()
    {
        using var runner = new ScriptedRunner(Key(0), _ => 1);
        LatencyTable table = LatencyProfiler.Profile(runner, Space, Settings);
        // As fast for the whole network, but the MLP's cost moved to attention.
        double moved = table.Mlp[^1].PrefillMs;
        LatencyTable wrong = table with
        {
            Attention = [.. table.Attention.Select(e => e with { CostMs = e.CostMs + 0.9 * moved * e.Width / 4 })],
            Mlp = [.. table.Mlp.Select(e => e with { CostMs = 0.1 * e.CostMs })],
        };
        HonestyReport report = TableHonesty.Check(wrong, runner, Space, count: 30, seed: 5, Settings);
        Assert.True(report.Error95 > 0.1, $"{report}");
    }

    [Fact]
    public void AHurriedProfileEndsAfterItsTimeAndIsStillATable()
    {
        using var runner = new ScriptedRunner(Key(10), _ => 1);
        LatencyTable table = LatencyProfiler.Profile(runner, Space, Settings with { MaximumSeconds = 0 });
        Assert.Equal(1, table.Rounds);
        Assert.InRange(table.FullMs() / (ScriptedRunner.PrefillMs(Space.Largest) + 10 * ScriptedRunner.StepMs(Space.Largest)), 0.95, 1.05);
        Assert.Throws<FlextronException>(() => (Settings with { MaximumSeconds = -1 }).Validated());
    }

    private static LatencyKey Key(int generated) => new()
    {
        Device = "cpu", DeviceName = "scripted", Dtype = TorchSharp.torch.ScalarType.Float32, Threads = 1, Engine = "numbers",
        Workload = new LatencyWorkload(2, 16, generated), Model = new LatencyModelShape(64, 32, 3, 4, 4, 8, 64),
    };
}
