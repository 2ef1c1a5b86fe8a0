using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Tests.Latency;

/// <summary>Real timings, so only what holds on any machine under any load is asserted.</summary>
public sealed class LatencyProfilerTests
{
    private static readonly ProfileSettings Quick = new() { MinimumRounds = 3, Seconds = 0, WarmUpSeconds = 0, CalibrationNetworks = 2, MinimumWindowMs = 0 };

    private static readonly ModelConfig Config = new()
    {
        Family = "llama", VocabularySize = 64, HiddenSize = 64, BlockCount = 2, HeadCount = 4, KvGroupCount = 2, HeadSize = 16, NeuronCount = 256, ContextLength = 64,
    };

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void EveryWidthIsTimedInEveryBlockAndRound(int generated)
    {
        using DecoderModel model = Model();
        ElasticSpace space = ElasticSpace.For(Config, steps: 4);
        LatencyTable table = LatencyProfiler.Profile(model, space, new LatencyWorkload(4, 32, generated), Quick);
        Assert.Equal(space.KvGroups, table.Attention.Select(e => e.Width));
        Assert.Equal(space.Neurons, table.Mlp.Select(e => e.Width));
        Assert.All(table.Mlp, e => Assert.Equal(3 * Config.BlockCount, e.Prefill.Count));
        // The shorter axis repeats its two choices over the four networks of a round.
        Assert.All(table.Attention, e => Assert.Equal(2 * 3 * Config.BlockCount, e.Prefill.Count));
        Assert.All(table.Mlp, e => Assert.Equal(generated > 0 ? 3 * 3 * Config.BlockCount : null, e.DecodeStep?.Count));
        foreach (IReadOnlyList<LatencyEntry> part in new[] { table.Attention, table.Mlp })
        {
            Assert.All(part, e => Assert.True(e.CostMs > 0 && e.Prefill.Lower <= e.Prefill.Median && e.Prefill.Median <= e.Prefill.Upper));
            Assert.All(part.Zip(part.Skip(1)), p => Assert.True(p.First.CostMs <= p.Second.CostMs));
        }
        Assert.True(table.FixedMs > 0);
        Assert.Equal(4, table.Calibration.Networks.Count);
        Assert.Equal(generated > 0, table.DecodeCalibration is not null);
    }

    [Fact]
    public void PredictionsAreOfTheSizeOfRealRuns()
    {
        using DecoderModel model = Model();
        ElasticSpace space = ElasticSpace.For(Config, steps: 4);
        var workload = new LatencyWorkload(8, 64);
        LatencyTable table = LatencyProfiler.Profile(model, space, workload, Quick);
        using var runner = new TorchWorkloadRunner(model, workload);
        Quartiles whole = EndToEnd.Measure(runner, [space.Largest], Quick with { MinimumRounds = 9 }).Total[0];
        // A neighbour on the machine may slow either by much; a wrong unit is a factor of a thousand.
        Assert.InRange(table.FullMs() / whole.Median, 1 / 30.0, 30);
        Assert.Equal(9, whole.Count);
    }

    [Fact]
    public void HonestyCheckUsesNetworksThatCalibrationDidNot()
    {
        using DecoderModel model = Model();
        ElasticSpace space = ElasticSpace.For(Config, steps: 4);
        using var runner = new TorchWorkloadRunner(model, new LatencyWorkload(1, 8));
        LatencyTable table = LatencyProfiler.Profile(runner, space, Quick);
        HonestyReport report = TableHonesty.Check(table, runner, space, count: 8, seed: 3, Quick);
        Assert.Equal(8, report.Pairs.Select(p => p.Network).Distinct().Count());
        Assert.Empty(report.Pairs.Select(p => p.Network).Intersect(table.Calibration.Networks));
        Assert.All(report.Pairs, p => Assert.True(p.MeasuredMs > 0 && p.PredictedMs > 0));
    }

    [Theory]
    [InlineData(1, 60, 5, "context of 64")]
    [InlineData(0, 8, 0, "batch 0")]
    public void ImpossibleWorkloadsAreRefused(int batch, int prompt, int generated, string word)
    {
        using DecoderModel model = Model();
        var workload = new LatencyWorkload(batch, prompt, generated);
        string message = Assert.Throws<FlextronException>(() => LatencyProfiler.Profile(model, ElasticSpace.For(Config), workload, Quick)).Message;
        Assert.Contains(word, message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheKeyNamesThisMachineAndModel()
    {
        using DecoderModel model = Model();
        LatencyKey key = LatencyKey.Of(model, LatencyWorkload.For(Config));
        Assert.Equal(("cpu", ScalarType.Float32, get_num_threads()), (key.Device, key.Dtype, key.Threads));
        Assert.Equal(new LatencyWorkload(8, 64), key.Workload);
        Assert.Contains($"({Environment.ProcessorCount} processors)", key.DeviceName, StringComparison.Ordinal);
    }

    private static DecoderModel Model()
    {
        DecoderWeights weights = DecoderWeights.Allocate(Config);
        using Generator generator = new(1);
        weights.Flat.copy_(randn(weights.Flat.shape, generator: generator) * 0.05);
        return new DecoderModel(weights);
    }
}
