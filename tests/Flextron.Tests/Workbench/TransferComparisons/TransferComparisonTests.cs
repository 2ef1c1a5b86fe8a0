using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Tests.Cli;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;
using Flextron.Workbench.TransferComparisons;

namespace Flextron.Tests.Workbench.TransferComparisons;

public sealed class TransferComparisonTests : IDisposable
{
    private const string Experiment = """
        {
          "kind": "transfer", "model": "model", "seeds": [1, 2],
          "corpus": { "path": "text.jsonl", "calibrationShare": 0.2, "heldOutShare": 0.2, "windowLength": 16, "heldOutWindows": 6 },
          "training": { "steps": 12, "batchSize": 2, "sequenceLength": 16, "strategy": "full", "networksPerStep": 1, "warmupSteps": 1, "learningRate": 5e-3, "distillationWeight": 0, "evaluateEvery": 4 },
          "arms": {
            "frozen": { "mixer": "retention", "freeze": { "window": 2, "threshold": 0.9 } },
            "free": { "mixer": "retention" },
            "scratch": { "mixer": "retention", "fromScratch": true }
          }
        }
        """;

    private readonly TemporaryFolder folder = TestData.Temporary();

    public TransferComparisonTests()
    {
        TinyModel.Save(folder["model"]);
        File.WriteAllLines(folder["text.jsonl"], Enumerable.Range(0, 300).Select(i => JsonSerializer.Serialize(new { text = string.Create(CultureInfo.InvariantCulture, $"Cat {i % 7} sees dog {i % 5} again.") })));
        File.WriteAllText(folder["experiment.json"], Experiment);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ArmsStartAlikeSpendWhatTheirFreezingSaysAndAreComputedOnce()
    {
        var experiment = ExperimentFolder.Open(folder.Path);
        string run = ExperimentKinds.Run(experiment, [], [], new RunOptions());

        Dictionary<string, string>[] arms = Rows(run, "arms"), curves = Rows(run, "curves");
        Assert.Equal(3 * 2, arms.Length);
        Assert.Equal(3 * 2 * 3, curves.Length);
        double Of(string arm, int seed, string column) => double.Parse(arms.Single(a => a["arm"] == arm && a["seed"] == seed.ToString(CultureInfo.InvariantCulture))[column], CultureInfo.InvariantCulture);
        foreach (int seed in new[] { 1, 2 })
        {
            // The same weights before training, frozen or not; a stage released after every second window of two steps, from which on steps cost more.
            Assert.Equal(Of("free", seed, "before"), Of("frozen", seed, "before"));
            Assert.Equal(0, Of("scratch", seed, "transferred"));
            Assert.True(Of("frozen", seed, "after") < Of("frozen", seed, "before"));
            Assert.Equal("4 8 12", arms.Single(a => a["arm"] == "frozen" && a["seed"] == seed.ToString(CultureInfo.InvariantCulture))["releases"]);
            Assert.Equal(Of("free", seed, "flops"), Of("scratch", seed, "flops"));
            Assert.InRange(Of("frozen", seed, "flops"), 0.5 * Of("free", seed, "flops"), 0.95 * Of("free", seed, "flops"));
        }
        double[] spent = [.. curves.Where(c => c["arm"] == "frozen" && c["seed"] == "1").Select(c => double.Parse(c["flops"], CultureInfo.InvariantCulture))];
        Assert.True(spent[0] < spent[1] - spent[0] && spent[1] - spent[0] < spent[2] - spent[1]);
        JsonNode summary = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "summary.json")))!;
        double difference = (Of("free", 1, "after") - Of("scratch", 1, "after") + Of("free", 2, "after") - Of("scratch", 2, "after")) / 2;
        Assert.Equal(difference, summary["againstScratch.steps.free"]!["value"]!.GetValue<double>(), 1e-9);
        Assert.Contains("against free at equal operations", File.ReadAllText(Path.Combine(run, "report.md")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "figures", "retention-operations.svg")));

        string again = ExperimentKinds.Run(experiment, [], [], new RunOptions());
        Assert.Equal(File.ReadAllText(Path.Combine(run, "tables", "arms.csv")), File.ReadAllText(Path.Combine(again, "tables", "arms.csv")));
        JsonNode provenance = JsonNode.Parse(File.ReadAllText(Path.Combine(again, "provenance.json")))!;
        Assert.All(provenance["stages"]!.AsArray(), s => Assert.True(s!["reused"]!.GetValue<bool>()));
    }

    [Fact]
    public void ImpossibleSettingsAreNamed()
    {
        string Message(TransferArm arm) => Assert.Throws<FlextronException>(() => new TransferComparisonSettings { Arms = new Dictionary<string, TransferArm> { ["a"] = arm } }.Resolved()).Message;
        Assert.Contains("arms.a starts from scratch", Message(new TransferArm { FromScratch = true, Freeze = new() }), StringComparison.Ordinal);
        Assert.Contains("carryProjections", Message(new TransferArm { FromScratch = true, CarryProjections = true }), StringComparison.Ordinal);
        Assert.Contains("mixer is Attention", Message(new TransferArm { Mixer = Flextron.Mixers.MixerKind.Attention }), StringComparison.Ordinal);
    }

    private static Dictionary<string, string>[] Rows(string run, string table)
    {
        string[][] lines = [.. File.ReadLines(Path.Combine(run, "tables", $"{table}.csv")).Select(l => l.Split(','))];
        return [.. lines.Skip(1).Select(cells => lines[0].Zip(cells).ToDictionary(p => p.First, p => p.Second))];
    }
}
