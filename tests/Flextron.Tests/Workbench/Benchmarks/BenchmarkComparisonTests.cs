using Flextron.Inference.Kernels;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Workbench.Benchmarks;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Benchmarks;

public sealed class BenchmarkComparisonTests
{
    [Fact]
    public void OnlyWhatLeavesTheNoiseOfBothCounts()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Report(("same", 10, 9, 11), ("slower", 10, 9, 11), ("gone", 1, 1, 1)).Write(folder["before"]);
        Report(("same", 10.8, 9.8, 12), ("slower", 14, 12, 15), ("new", 1, 1, 1)).Write(folder["after"]);

        BenchmarkComparison comparison = BenchmarkComparison.OfFiles(folder["before"], Path.Combine(folder["after"], "benchmarks.json"));

        Assert.True(comparison.SameMachine);
        Assert.Equal([("same", false), ("slower", true)], comparison.Rows.Select(r => (r.After.Name, r.BeyondNoise)));
        Assert.Equal(1.4, comparison.Rows[1].Factor, 1e-12);
        Assert.Contains("| 1.4 | yes |", comparison.ToMarkdown(), StringComparison.Ordinal);
        Assert.Contains("no benchmark report", Assert.Throws<FlextronException>(() => BenchmarkComparison.OfFiles(folder["before"], folder["none"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheBytesOfATokenAreThoseOfItsSlices()
    {
        ModelConfig config = DecodeShape.Config;
        // 12 blocks of 4·768² + 3·768·2048 weights and a head of 32000·768: 109.5 million, the embedding being the head.
        Assert.Equal(4.0 * (12 * (4L * 768 * 768 + 3L * 768 * 2048) + 32000L * 768), DecodeShape.Bytes(config, SubNetwork.Full(config), WeightFormat.Float32));
        var half = new SubNetwork(Enumerable.Repeat(new BlockShape(6, 1024), 12));
        Assert.Equal(12 * (2L * 768 * 768 + 3L * 768 * 1024) + 32000L * 768, DecodeShape.Bytes(config, half, WeightFormat.Int8));
    }

    private static BenchmarkReport Report(params (string Name, double Median, double Lower, double Upper)[] figures) => new(
        EnvironmentInfo.Capture(AppContext.BaseDirectory, DateTimeOffset.UnixEpoch), new BenchmarkOptions(), new Dictionary<string, string> { ["g: b"] = "q" },
        [.. figures.Select(f => new BenchmarkFigure("g", "b", f.Name, "ms", new Quartiles(f.Median, f.Lower, f.Upper, 5), null))]);
}
