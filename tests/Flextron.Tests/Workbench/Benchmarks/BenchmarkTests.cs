using System.Text.Json;
using Flextron.Workbench.Benchmarks;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Benchmarks;

public sealed class BenchmarkTests
{
    private sealed class Spinner(List<string> order) : IBenchmark
    {
        public string Group => "test";

        public string Name => "spin";

        public string Question => "One wait against another three times as long.";

        public void Measure(BenchmarkSession session)
        {
            CaseTimings times = session.Time(
                new BenchmarkCase("short", () => Wait("short", 2)), new BenchmarkCase("long", () => Wait("long", 6)));
            session.Report("short", "ms", times.Of("short"));
            session.Ratio("long / short", times.Ratio("long", "short"), BenchmarkBound.AtMost(1));
        }

        private void Wait(string name, int ms)
        {
            order.Add(name);
            Thread.Sleep(ms);
        }
    }

    [Fact]
    public void CasesTakeTurnsAndRatiosAreFormedWithinARound()
    {
        var order = new List<string>();
        var benchmark = new Spinner(order);
        var session = new BenchmarkSession(benchmark, new BenchmarkOptions { Rounds = 3, MinimumSampleMs = 0 }, null);

        benchmark.Measure(session);

        Assert.Equal(["short", "long", "long", "short", "short", "long"], order[^6..]);
        BenchmarkFigure ratio = session.Figures[1];
        // A sleep ends late on a busy machine, by more than it lasts at times.
        Assert.InRange(ratio.Value.Median, 1.1, 40);
        Assert.Equal((3, false), (ratio.Value.Count, ratio.Holds));
        Assert.Null(session.Figures[0].Holds);
    }

    [Fact]
    public void ShortCasesAreRepeatedUntilTheClockCanTellThem()
    {
        int runs = 0;
        var session = new BenchmarkSession(new Spinner([]), new BenchmarkOptions { Rounds = 1, MinimumSampleMs = 5 }, null);

        CaseTimings times = session.Time(new BenchmarkCase("count", () => runs++));

        Assert.True(runs > 1000, $"{runs} runs");
        Assert.True(times.Of("count")[0] < 0.1);
    }

    [Fact]
    public void RatesFollowFromWorkAndTime()
    {
        var times = new CaseTimings(new Dictionary<string, double[]> { ["a"] = [10, 20], ["b"] = [5, 5] });

        Assert.Equal([2.0, 4.0], times.Ratio("a", "b"));
        Assert.Equal([3.0, 1.5], times.Rate("a", 3e7));
    }

    [Fact]
    public void TheReportSaysWhatHoldsRatiosFirst()
    {
        var benchmark = new Spinner([]);
        var session = new BenchmarkSession(benchmark, new BenchmarkOptions { Rounds = 1, MinimumSampleMs = 0 }, null);
        session.Report("short", "ms", [2]);
        session.Ratio("long / short", [3], BenchmarkBound.AtMost(1));
        var report = new BenchmarkReport(
            EnvironmentInfo.Capture(AppContext.BaseDirectory, DateTimeOffset.UnixEpoch), new BenchmarkOptions(),
            new Dictionary<string, string> { ["test: spin"] = benchmark.Question }, session.Figures);

        string text = report.ToMarkdown();

        Assert.False(report.AllHold);
        Assert.True(text.IndexOf("long / short", StringComparison.Ordinal) < text.IndexOf("| short |", StringComparison.Ordinal), text);
        Assert.Contains("≤ 1 | no", text, StringComparison.Ordinal);
        using TemporaryFolder folder = TestData.Temporary();
        report.Write(folder.Path);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, "benchmarks.json")));
        Assert.Equal("long / short", json.RootElement.GetProperty("figures")[1].GetProperty("name").GetString());
        Assert.True(json.RootElement.GetProperty("environment").GetProperty("cores").GetInt32() >= 1);
    }

    [Fact]
    public void AnUnknownNameIsAnsweredWithTheNearest()
    {
        var e = Assert.Throws<FlextronException>(() => BenchmarkRunner.Run(["trainin"], new BenchmarkOptions()));
        Assert.Contains("training", e.Message, StringComparison.Ordinal);
    }
}
