using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Studies;

namespace Flextron.Tests.Workbench.Studies;

public class BenchmarkFiguresTests
{
    private static readonly Axis Latency = new("Measured latency", "ms");

    private static TaskResult Result(double acc, double half, double chance) => new()
    {
        Task = "t", Version = "1", Docs = 1200, Shots = 0, Seed = 1, Chance = chance, PromptHash = "h", LogprobSum = -1, BoundaryFallbacks = 0, TruncatedContexts = 0, TruncatedContinuations = 0,
        Metrics = new Dictionary<string, double> { ["acc"] = acc, ["margin"] = -2, ["margin_norm"] = -0.5, ["target_nll"] = 9 },
        Stderr = new Dictionary<string, double>(),
        Intervals = new[] { "acc", "margin", "margin_norm", "target_nll" }.ToDictionary(m => m, m => m == "acc" ? new ConfidenceInterval(acc - half, acc + half) : new ConfidenceInterval(-10, 10)),
    };

    [Fact]
    public void AFigureOfGuessesSaysSo()
    {
        Figure figure = BenchmarkFigures.Accuracy("t", Latency, [(2, Result(0.26, 0.02, 0.25)), (1, Result(0.24, 0.02, 0.25))])!;
        Assert.Contains("every interval contains chance", figure.Subtitle, StringComparison.Ordinal);
        Assert.StartsWith("1,200 documents", figure.Subtitle, StringComparison.Ordinal);
        Assert.Equal(0.25, figure.ReferenceLines.Single().Value);
        var line = Assert.IsType<LineSeries>(figure.Series.Single());
        Assert.Equal([1.0, 2.0], line.X);
        Assert.Equal([0.22, 0.24], line.Lower!.Select(v => Math.Round(v, 9)));
        Assert.Contains("chance", SvgRenderer.Render(figure), StringComparison.Ordinal);
    }

    [Fact]
    public void AFigureWithOnePointAboveChanceDoesNot()
    {
        Figure figure = BenchmarkFigures.Accuracy("t", Latency, [(1, Result(0.25, 0.02, 0.25)), (2, Result(0.30, 0.02, 0.25))])!;
        Assert.DoesNotContain("contains chance", figure.Subtitle, StringComparison.Ordinal);
        Assert.Null(figure.Caption);
    }

    [Fact]
    public void AStageDependsOnEveryFileOfItsTask()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["valid.jsonl"], "{}");
        File.WriteAllText(folder["valid-labels.lst"], "0\n");
        StageInput Data() => BenchmarkStage.Data(TaskRegistry.Get("piqa"), folder["valid.jsonl"]);
        StageInput first = Data();
        Assert.Equal(first, Data());
        File.WriteAllText(folder["valid-labels.lst"], "1\n");
        Assert.NotEqual(first.Hash, Data().Hash);
    }

    [Fact]
    public void ATaskWithoutChoicesHasNoChanceLevel()
    {
        Figure figure = BenchmarkFigures.Accuracy("t", Latency, [(1, Result(0.001, 0.001, 0)), (2, Result(0.2, 0.01, 0))])!;
        Assert.Empty(figure.ReferenceLines);
        Assert.True(figure.Y.IncludeZero);
        Assert.Equal("1,200 documents; bars: 95 %", figure.Subtitle![..27]);
        Assert.EndsWith("no network is ever right", BenchmarkFigures.Accuracy("t", Latency, [(1, Result(0, 0, 0))])!.Subtitle, StringComparison.Ordinal);
        // As scoring gives it: Wilson's interval, whose ends at 0 and 1 are exact for any number of documents.
        TaskResult never = Result(0, 0, 0) with { Intervals = new Dictionary<string, ConfidenceInterval> { ["acc"] = SampleStatistics.Wilson(0, 1200) } };
        Assert.EndsWith("no network is ever right", BenchmarkFigures.Accuracy("t", Latency, [(1, never)])!.Subtitle, StringComparison.Ordinal);
        Assert.All(Enumerable.Range(1, 3000), n => Assert.Equal((0, 1), (SampleStatistics.Wilson(0, n).Low, SampleStatistics.Wilson(1, n).High)));
        Assert.Equal(["target_nll", "margin", "margin_norm"], BenchmarkFigures.Loss("t", Latency, [(1, Result(0.2, 0.1, 0))]).Select(f => f.Name));
    }
}
