using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Flextron.Tests.Cli;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Figures;
using Flextron.Workbench.Kinds;
using Flextron.Workbench.RoutingComparisons;

namespace Flextron.Tests.Workbench.RoutingComparisons;

public sealed class RoutingComparisonTests : IDisposable
{
    private const string Experiment = """
        {
          "kind": "routing", "model": "model", "seeds": [1, 2], "targets": 4, "randomTargets": 12, "timingSeconds": 0,
          "corpus": { "path": "text.jsonl", "calibrationShare": 0.2, "heldOutShare": 0.2, "windowLength": 16, "heldOutWindows": 6 },
          "rank": { "maximumTokens": 256 },
          "training": { "steps": 3, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 1, "evaluateEvery": 0 },
          "profile": { "workload": { "batch": 8, "promptTokens": 16 }, "table": { "minimumRounds": 2, "seconds": 0, "warmUpSeconds": 0 }, "heldOutNetworks": 5 },
          "route": {
            "lossWindows": 2, "windowLength": 16,
            "surrogate": { "rounds": 1, "firstRoundNetworks": 24, "networksPerRound": 8, "routerSteps": 10, "warmStartSteps": 30, "surrogate": { "maximumEpochs": 50 } },
            "relaxed": { "steps": 3, "batchSize": 2, "sequenceLength": 16, "warmStartSteps": 30 },
            "joint": { "training": { "steps": 2, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 1, "evaluateEvery": 0 } }
          },
          "dynamic": { "steps": 3, "batchSize": 2, "sequenceLength": 16, "rounds": 1, "explorationBatches": 5, "fitSteps": 10, "budgetTargets": 3 },
          "dynamicJoint": { "training": { "steps": 2, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 1, "evaluateEvery": 0 } },
          "evolution": { "population": 4, "evaluations": 6 }
        }
        """;

    private readonly TemporaryFolder folder = TestData.Temporary();

    public RoutingComparisonTests()
    {
        // Enough neurons that the whole network is slower than the smallest on a busy machine too.
        TinyModel.Save(folder["model"], neurons: 2048);
        File.WriteAllLines(folder["text.jsonl"], Enumerable.Range(0, 300).Select(i =>
            JsonSerializer.Serialize(new { text = string.Create(CultureInfo.InvariantCulture, $"Cat {i} sees dog {i % 5} near the {(i % 3 == 0 ? "river" : "hill")}.") })));
        File.WriteAllText(folder["experiment.json"], Experiment);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ARunComparesWaysOverSeedsAndKeepsItsPromises()
    {
        ExperimentFolder experiment = ExperimentFolder.Open(folder.Path);
        string run = ExperimentKinds.Run(experiment, [], [], new RunOptions { Name = "first" });
        string[][] selections = [.. File.ReadAllLines(Path.Combine(run, "tables", "selections.csv")).Skip(1).Select(l => l.Split(','))];
        Assert.Equal(2 * 4 * 5, selections.Length);
        // Seed, way, target, table: nobody exceeds a target by the table.
        Assert.All(selections, s => Assert.True(double.Parse(s[3], CultureInfo.InvariantCulture) <= double.Parse(s[2], CultureInfo.InvariantCulture)));
        string[][] dynamic = [.. File.ReadAllLines(Path.Combine(run, "tables", "dynamic.csv")).Skip(1).Select(l => l.Split(','))];
        // Seeds, methods, arms (as it is, LM trained so, capacities on that) and targets.
        Assert.Equal(2 * 2 * 3 * 4, dynamic.Length);
        Assert.Equal(["False Causal", "True Capacities", "True Causal"], dynamic.Select(d => $"{d[2]} {d[3]}").Distinct().Order(StringComparer.Ordinal));
        Assert.All(dynamic, d => Assert.InRange(double.Parse(d[9], CultureInfo.InvariantCulture), 0.1, 1 + 1e-9));
        Assert.Equal(24, File.ReadAllLines(Path.Combine(run, "tables", "random-targets.csv")).Length - 1);
        string report = File.ReadAllText(Path.Combine(run, "report.md"));
        Assert.Contains("the promise of + 0 % was kept on all of them", report, StringComparison.Ordinal);
        Assert.Contains("no language model's score", report, StringComparison.Ordinal);
        Assert.Contains("Of 24 random targets (12 a seed) 24 selections are within their target by the table", report, StringComparison.Ordinal);
        foreach (string name in new[] { "loss-latency", "accuracy-latency", "router-differences", "methods", "dynamic-differences", "random-targets", "latency-honesty", "neurons-per-target", "where-compute-goes-surrogate", "where-compute-goes-tokenlosses-joint-capacities" })
            XDocument.Load(Path.Combine(run, "figures", name + ".svg"));

        // Everything is reused, so everything is the same.
        string again = ExperimentKinds.Run(experiment, [], [], new RunOptions { Name = "second" });
        Assert.Equal(File.ReadAllText(Path.Combine(run, "summary.json")), File.ReadAllText(Path.Combine(again, "summary.json")));
    }

    [Fact]
    public void LossesBetweenPointsAreInterpolatedWindowByWindow()
    {
        LossEstimate a = new([1, 2]), b = new([3, 6]);
        Assert.Equal([1.5, 3], InterpolatedLoss.At([(20, b), (10, a)], 12.5).PerWindow);
        Assert.Equal([1, 2], InterpolatedLoss.At([(20, b), (10, a)], 3).PerWindow);
        Assert.Equal([3, 6], InterpolatedLoss.At([(20, b), (10, a)], 30).PerWindow);
        Assert.Equal([2, 4], InterpolatedLoss.Difference(b, a).PerWindow);
    }
}
