using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Tests.Reference;
using static TorchSharp.torch;

namespace Flextron.Tests.Latency;

public sealed class LatencyTableTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();

    [Fact]
    public void CostIsFixedPlusTheEntriesOfEveryBlock()
    {
        LatencyTable table = Table();
        var network = new SubNetwork([new BlockShape(1, 8), new BlockShape(2, 20)]);
        Assert.Equal(0.5 + (1 + 0.25) + (3 + 1), table.Predict(network), 1e-12);
        Assert.Equal(table.Predict(SubNetwork.Full(Config)), table.FullMs(), 1e-12);
    }

    [Fact]
    public void SkippedPartsCostNothingAndOtherResidualWidthsAreRefused()
    {
        LatencyTable table = Table();
        Assert.Equal(0.5 + 0.25 + 3, table.Predict(new SubNetwork([new BlockShape(0, 8), new BlockShape(2, 0)])), 1e-12);
        Assert.Equal(0.5, table.Predict(new SubNetwork([BlockShape.Skipped, BlockShape.Skipped])), 1e-12);
        SubNetwork whole = SubNetwork.Full(Config);
        Assert.Equal(table.FullMs(), table.Predict(new SubNetwork(whole.Blocks, Config.HiddenSize)), 1e-12);
        string message = Assert.Throws<FlextronException>(() => table.Predict(new SubNetwork(whole.Blocks, 8))).Message;
        Assert.Contains("residual stream of 8 channels is not known", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0.25)]
    [InlineData(8, 0.25)]
    [InlineData(12, 0.375)]
    [InlineData(18, 0.75)]
    [InlineData(20, 1)]
    public void WidthsBetweenEntriesAreInterpolated(int neurons, double expected) => Assert.Equal(expected, ((ICostTable)Table()).Mlp(1, neurons), 1e-12);

    [Fact]
    public void JsonKeepsEverything()
    {
        using TemporaryFolder folder = TestData.Temporary();
        LatencyTable table = Table() with
        {
            HeldOut = HonestyReport.Of([new HonestyPair("1x8 1x8", 1, 1.1), new HonestyPair("1x8 2x8", 2, 2), new HonestyPair("2x8 2x8", 3, 2.5)]),
        };
        table.Save(folder["table.json"]);
        LatencyTable read = LatencyTable.Load(folder["table.json"]);
        Assert.Equal(table.Key, read.Key);
        Assert.Equal(table.Mlp, read.Mlp);
        Assert.Equal(table.Attention, read.Attention);
        Assert.Equal(table.FixedMs, read.FixedMs);
        Assert.Equal(table.FixedPrefill, read.FixedPrefill);
        Assert.Equal(table.Calibration.Scale, read.Calibration.Scale);
        Assert.Equal(table.HeldOut!.Pairs, read.HeldOut!.Pairs);
        Assert.Equal(table.HeldOut.Spearman, read.HeldOut.Spearman);
        Assert.Same(read, read.RequireMatch(table.Key));
    }

    [Fact]
    public void AnotherDeviceDtypeShapeOrThreadCountIsRefusedByName()
    {
        LatencyTable table = Table();
        (LatencyKey Other, string Word)[] cases =
        [
            (table.Key with { Device = "cuda" }, "device cpu, now cuda"),
            (table.Key with { DeviceName = "another" }, "device model test, now another"),
            (table.Key with { Dtype = ScalarType.BFloat16 }, "dtype Float32, now BFloat16"),
            (table.Key with { Threads = 7 }, "thread count 1, now 7"),
            (table.Key with { Engine = "another" }, "engine libtorch, now another"),
            (table.Key with { Model = table.Key.Model with { Hidden = 24 } }, "model shape 2 blocks × 16,"),
            (table.Key with { Workload = new LatencyWorkload(1, 4) }, "workload"),
        ];
        foreach ((LatencyKey other, string word) in cases)
        {
            string message = Assert.Throws<FlextronException>(() => table.RequireMatch(other)).Message;
            Assert.Contains(word, message, StringComparison.Ordinal);
            Assert.Contains("flextron profile", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("\"costMs\": 0.25", "\"costMs\": 7")]
    [InlineData("\"costMs\": 0.25", "\"costMs\": \"NaN\"")]
    [InlineData("\"width\": 8", "\"width\": 20")]
    [InlineData("\"neurons\": 20", "\"neurons\": 24")]
    [InlineData("\"fixedMs\": 0.5", "\"fixedMs\": \"Infinity\"")]
    [InlineData("\"fixedMs\": 0.5", "\"fixedMs\": -0.5")]
    [InlineData("\"prefillMs\": 0.25", "\"prefillMs\": 7")]
    [InlineData("\"stepMs\": 0", "\"stepMs\": -1")]
    public void DamagedNumbersAreRefused(string good, string bad)
    {
        using TemporaryFolder folder = TestData.Temporary();
        Table().Save(folder["table.json"]);
        string text = File.ReadAllText(folder["table.json"]);
        Assert.Contains(good, text, StringComparison.Ordinal);
        File.WriteAllText(folder["table.json"], text.Replace(good, bad, StringComparison.Ordinal));
        Assert.Contains("table.json", Assert.Throws<FlextronException>(() => LatencyTable.Load(folder["table.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CalibrationRecoversALine()
    {
        double[] sums = [1, 2, 3.5, 5];
        LatencyCalibration fit = LatencyCalibration.Fit(["a", "b", "c", "d"], sums, [.. sums.Select(x => 0.3 + 1.25 * x)], 0.5, withOffset: true);
        Assert.Equal(1.25, fit.Scale, 1e-9);
        Assert.Equal(0.3, fit.OffsetMs, 1e-9);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OneFactorIsTheMedianRatioWhereALineIsNotWantedOrWouldMakeTheFixedPartNegative(bool withOffset)
    {
        double[] sums = [1, 2, 3];
        LatencyCalibration fit = LatencyCalibration.Fit(["a", "b", "c"], sums, [0.9, 2.4, 3.9], 0.1, withOffset);
        Assert.Equal(0, fit.OffsetMs);
        Assert.Equal(1.2, fit.Scale, 1e-9);
    }

    [Fact]
    public void SlowSpellsAreDividedOut()
    {
        double[] ratios = [2, 2, 2, 2, 2, 2, 2, 2, 6, 6, 6, 6, 6, 6, 2, 2, 2, 18, 2, 2];
        double[] factors = LoadDrift.Factors(ratios);
        Assert.Equal([1.0, 3.0, 3.0, 1.0, 1.0], new[] { 0, 10, 12, 17, 19 }.Select(i => factors[i]));
    }

    [Fact]
    public void HonestyFiguresFollowTheirDefinitions()
    {
        HonestyReport report = HonestyReport.Of([.. new[] { (1.1, 1.0), (1.9, 2.0), (4.4, 4.0), (3.0, 3.0) }.Select(p => new HonestyPair("", p.Item1, p.Item2))]);
        Assert.Equal((0.05 + 0.1) / 2, report.MedianError, 1e-9);
        Assert.Equal(0.05, report.Bias, 1e-9);
        Assert.Equal(1, report.Spearman, 1e-9);
    }

    internal static LatencyTable Table() => new()
    {
        Key = new LatencyKey
        {
            Device = "cpu", DeviceName = "test", Dtype = ScalarType.Float32, Threads = 1, Workload = new LatencyWorkload(8, 16), Model = LatencyModelShape.Of(Config),
        },
        FixedMs = 0.5,
        FixedPrefillMs = 0.5,
        FixedPrefill = Time(0.5),
        Attention = [Entry(1, 1), Entry(2, 3)],
        Mlp = [Entry(8, 0.25), Entry(16, 0.5), Entry(20, 1)],
        Calibration = new LatencyCalibration(1, 0, [], []),
    };

    private static LatencyEntry Entry(int width, double cost) => new(width, cost, cost, 0, Time(cost), null);

    private static Quartiles Time(double ms) => new(ms, ms, ms, 1);
}
