using System.Text.Json.Nodes;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class RunComparisonTests
{
    [Fact]
    public void EqualVariancesAndSizesGiveTheTextbookInterval()
    {
        // s = 2, n = 11 each: Welch's degrees of freedom are 20, t(0.975, 20) = 2.086 from tables, standard error 2·√(2/11).
        SummaryDifference d = Single(new SummaryValue(10, Sd: 2, N: 11), new SummaryValue(13, Sd: 2, N: 11));
        double half = 2.085963 * 2 * Math.Sqrt(2 / 11.0);
        Assert.Equal(3, d.Difference);
        Assert.Equal(3 - half, d.Low!.Value, 5);
        Assert.Equal(3 + half, d.High!.Value, 5);
        Assert.True(d.Distinct);
    }

    [Fact]
    public void UnequalVariancesUseWelchsFreedom()
    {
        // a = 4/8 = 0.5, b = 25/5 = 5: ν = 5.5² / (0.25/7 + 25/4) = 4.8125; t(0.975, 4.8125) lies between t(4) = 2.776 and t(5) = 2.571.
        SummaryDifference d = Single(new SummaryValue(1, Sd: 2, N: 8), new SummaryValue(3, Sd: 5, N: 5));
        double t = (d.High!.Value - 2) / Math.Sqrt(5.5);
        Assert.InRange(t, 2.571, 2.776);
        // Interpolated in 1/ν between tabulated values: 2.5706 + (2.7764 − 2.5706)·(1/4.8125 − 1/5)/(1/4 − 1/5).
        double expected = 2.5706 + 0.2058 * (1 / 4.8125 - 0.2) / 0.05;
        Assert.Equal(expected, t, 2);
        Assert.False(d.Distinct);
    }

    [Fact]
    public void WithoutDeviationOrWithOneObservationThereIsNoInterval()
    {
        Assert.Equal(new SummaryDifference("x", 1.0, 1.5, 0.5, null, null), Single(1.0, 1.5));
        Assert.Null(Single(new SummaryValue(1, Sd: 1, N: 1), new SummaryValue(2, Sd: 1, N: 9)).Low);
        Assert.Null(Single(null, 2.0).Difference);
    }

    [Fact]
    public void SettingsAreComparedByPath()
    {
        JsonNode a = JsonNode.Parse("""{ "rank": { "n": 1, "same": true }, "widths": [1, 2], "none": [], "s": "x" }""")!;
        JsonNode b = JsonNode.Parse("""{ "widths": [1, 3, 4], "rank": { "same": true, "n": 2 }, "none": [], "t": null }""")!;
        Assert.Equal(
            [
                new SettingDifference("rank.n", "1", "2"),
                new SettingDifference("s", "\"x\"", null),
                new SettingDifference("t", null, "null"),
                new SettingDifference("widths[1]", "2", "3"),
                new SettingDifference("widths[2]", null, "4"),
            ],
            RunComparison.CompareSettings(a, b));
    }

    [Fact]
    public void RunsAreComparedFromTheirFiles()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["experiment.json"], "{}");
        ExperimentFolder experiment = ExperimentFolder.Open(folder.Path);
        foreach ((string name, double loss) in new[] { ("a", 2.0), ("b", 1.75) })
        {
            using ExperimentRun run = experiment.StartRun(new Dictionary<string, double> { ["rate"] = loss * 2 }, new RunOptions { Name = name });
            run.Summarize("loss", loss);
            run.Finish();
        }
        RunComparison comparison = RunComparison.Compare(experiment.OpenRun("a"), experiment.OpenRun("b"));
        Assert.Equal(
            "| result | a | b | difference | 95 % interval | pairs |\n|---|---:|---:|---:|---|---:|\n| loss | 2 | 1.75 | -0.25 |  |  |\n\n"
            + "| setting | a | b |\n|---|---|---|\n| rate | 4 | 3.5 |\n", comparison.ToMarkdown());
    }

    [Fact]
    public void ObservationsOfTheSameSeedsAreComparedInPairs()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["experiment.json"], "{}");
        ExperimentFolder experiment = ExperimentFolder.Open(folder.Path);
        RunRecord Run(string name, string of, string[] seeds, double[] values)
        {
            using (ExperimentRun run = experiment.StartRun(new Dictionary<string, double>(), new RunOptions { Name = name }))
            {
                run.Summarize(new Observations("loss", "seed", of, seeds, values));
                run.Finish();
            }
            return experiment.OpenRun(name);
        }

        // Seeds differ a lot and the runs hardly: pairs show it. Differences 0.1, 0.2, 0.3: mean 0.2, s = 0.1, t(0.975, 2) = 4.3027.
        RunRecord a = Run("a", "x", ["1", "2", "3"], [1, 5, 9]), b = Run("b", "x", ["3", "1", "2", "7"], [9.3, 1.1, 5.2, 40]), c = Run("c", "y", ["1", "2", "3"], [1.1, 5.2, 9.3]);
        SummaryDifference paired = Assert.Single(RunComparison.Compare(a, b).Results);
        Assert.Equal(3, paired.Pairs);
        Assert.Equal(0.2, paired.Difference!.Value, 1e-12);
        Assert.Equal(0.2 - 4.302653 * 0.1 / Math.Sqrt(3), paired.Low!.Value, 1e-6);
        Assert.Equal(0.2 + 4.302653 * 0.1 / Math.Sqrt(3), paired.High!.Value, 1e-6);
        // Of something else: not paired, and the interval of independent runs is wide.
        SummaryDifference apart = Assert.Single(RunComparison.Compare(a, c).Results);
        Assert.Null(apart.Pairs);
        Assert.True(apart.High - apart.Low > 10);
        Assert.Equal(5, a.ReadSummary()["loss"].Value);
    }

    private static SummaryDifference Single(SummaryValue? a, SummaryValue? b)
    {
        Dictionary<string, SummaryValue> Map(SummaryValue? v) => v is null ? [] : new() { ["x"] = v };
        return Assert.Single(RunComparison.Compare(Map(a), Map(b)));
    }
}
