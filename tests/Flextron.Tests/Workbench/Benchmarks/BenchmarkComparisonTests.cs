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
    public void WhatWasMeasuredOnceHasNoKnownNoise()
    {
        var once = new BenchmarkFigure("g", "b", "bytes", "", new Quartiles(1, 1, 1, 1), null);
        Assert.Null(new BenchmarkDifference(once, once with { Value = new Quartiles(1.01, 1.01, 1.01, 1) }).BeyondNoise);
        Assert.Null(new BenchmarkDifference(once with { Value = new Quartiles(2, 1.9, 2.1, 5) }, once).BeyondNoise);
        BenchmarkFigure nothing = once with { Value = new Quartiles(0, 0, 0, 1) };
        Assert.Equal(1, new BenchmarkDifference(nothing, nothing).Factor);
    }

    [Theory]
    [InlineData("""{"environment":{"processor":"x"}}""", "no figures")]
    [InlineData("""{"environment":{"processor":"x"},"figures":[null]}""", "lacks its name")]
    [InlineData("""{"environment":{"processor":"x"},"figures":[{"group":"g","benchmark":"b","name":"n","unit":""}]}""", "lacks its name")]
    [InlineData("""
        {"environment":{"processor":"x"},"figures":[{"group":"g","benchmark":"b","name":"n","unit":"","value":{"median":1,"lower":1,"upper":1,"count":1}},
        {"group":"g","benchmark":"b","name":"n","unit":"","value":{"median":1,"lower":1,"upper":1,"count":1}}]}
        """, "'n' of g/b twice")]
    public void ADamagedReportIsRefusedInASentence(string json, string reason)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["damaged.json"], json);
        string message = Assert.Throws<FlextronException>(() => BenchmarkComparison.OfFiles(folder["damaged.json"], folder["damaged.json"])).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains("damaged.json", message, StringComparison.Ordinal);
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
