using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Dropping;
using Flextron.Mixers;
using Flextron.Tests.Cli;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;
using Flextron.Workbench.WayComparisons;

namespace Flextron.Tests.Workbench.WayComparisons;

public sealed class WayComparisonTests : IDisposable
{
    private const string Experiment = """
        {
          "kind": "ways", "model": "model", "seeds": [1, 2], "targets": 3, "choiceWindows": 4, "timingSeconds": 0.2,
          "corpus": { "path": "text.jsonl", "calibrationShare": 0.2, "heldOutShare": 0.2, "windowLength": 16, "heldOutWindows": 6 },
          "rank": { "maximumTokens": 256 },
          "training": { "steps": 8, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 2, "learningRate": 3e-3, "distillationWeight": 0, "evaluateEvery": 0 },
          "profile": { "workload": { "batch": 2, "promptTokens": 16 }, "table": { "seconds": 0.2, "minimumRounds": 2, "warmUpSeconds": 0, "calibrationNetworks": 2 }, "heldOutNetworks": 3 },
          "decode": { "batch": 1, "promptTokens": 12, "generatedTokens": 4 }, "equalOperations": true,
          "route": { "lossWindows": 2, "windowLength": 16, "surrogate": { "firstRoundNetworks": 24, "networksPerRound": 4, "rounds": 1, "routerSteps": 20, "warmStartSteps": 10 } },
          "benchmarks": { "tasks": ["tinyworld-piqa"], "limit": 4 },
          "arms": {
            "base": { "way": "continued" },
            "flextron": { "way": "flextron" },
            "mod": { "way": "mixtureOfDepths", "capacity": 0.5 },
            "mod-25": { "way": "mixtureOfDepths", "capacity": 0.25 },
            "gla": { "way": "transfer", "mixer": "gatedLinear", "keep": [0], "learningRate": 5e-3 },
            "drop": { "way": "drop", "target": "mlp", "count": 1 },
            "cut-50": { "way": "alone", "share": 0.5 },
            "cut-100": { "way": "alone", "share": 1 },
            "scratch-50": { "way": "alone", "share": 0.5, "fresh": true }
          }
        }
        """;

    private readonly TemporaryFolder folder = TestData.Temporary();

    public WayComparisonTests()
    {
        TinyModel.Save(folder["model"]);
        File.WriteAllLines(folder["text.jsonl"], Enumerable.Range(0, 300).Select(i => JsonSerializer.Serialize(new { text = string.Create(CultureInfo.InvariantCulture, $"Cat {i % 7} sees dog {i % 5} again.") })));
        File.WriteAllText(folder["experiment.json"], Experiment);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryWayIsTrainedTimedAndHeldAgainstTheFamily()
    {
        var experiment = ExperimentFolder.Open(folder.Path);
        string run = ExperimentKinds.Run(experiment, [], [], new RunOptions());

        Row[] rows = [.. Rows(run)];
        // Eight arms; three selected networks, three routed ones and uniform ones of the shares 0.5 and 1; two seeds, three views.
        Assert.Equal((8 + 3 + 3 + 2) * 2 * 3, rows.Length);
        Assert.All(rows, r => Assert.True(r.Prompt > 0 && r.Token > 0 && r.Loss > 0));
        // Four documents of two choices.
        Assert.All(rows.Where(r => r.Score.Length > 0), r => Assert.Contains(r.Score, new[] { "0", "0.25", "0.5", "0.75", "1" }));
        double Tokens(string view, string network) => rows.First(r => r.View == view && r.Network == network).Tokens;
        Assert.All(rows.Where(r => r.View == "each"), r => Assert.Equal(8 * 2 * 16, r.Tokens));
        Assert.Equal((4 * 2 * 16, 4 * 2 * 16, 8 * 2 * 16), (Tokens("together", "cut-50"), Tokens("together", "mod"), Tokens("together", "gla")));
        // What routers let pass hangs on the training: each is timed itself, and benchmarks belong to the network that they were run on.
        double[] Prompts(string network) => [.. rows.Where(r => r.Network == network).Select(r => r.Prompt).Distinct()];
        Assert.Equal((6, 1, 1), (Prompts("mod").Length, Prompts("cut-50").Length, Prompts("gla").Length));
        Assert.All(rows, r => Assert.Equal(
            r.View == "each" || r.Way.StartsWith("Flextron", StringComparison.Ordinal) || (r.View == "together" && r.Network is "base" or "gla" or "drop" or "scratch-50"), r.Score.Length > 0));
        // All networks of a way count as many operations as the family, but for half a step each.
        double family = rows.First(r => r.Network == "uniform 1").Flops;
        foreach (IGrouping<(string, int), Row> way in rows.Where(r => r.View == "operations" && !r.Way.StartsWith("Flextron", StringComparison.Ordinal)).GroupBy(r => (r.Way, r.Seed)))
            Assert.InRange(way.Sum(r => r.Flops), family - way.Sum(r => HalfAStep(r)), family + way.Sum(r => HalfAStep(r)));
        double HalfAStep(Row row) => 1.001 * row.Flops / (row.Tokens / (2 * 16)) / 2;
        // A model cut at full width is the base: trained alike, it comes to the same, in a family's slice of the whole it does not.
        foreach (int seed in new[] { 1, 2 })
        {
            double Loss(string network) => rows.Single(r => r.View == "each" && r.Network == network && r.Seed == seed).Loss;
            Assert.Equal(Loss("base"), Loss("cut-100"), 1e-9);
            Assert.NotEqual(Loss("base"), Loss("uniform 1"), 1e-6);
            Assert.NotEqual(Loss("cut-50"), Loss("scratch-50"), 1e-3);
        }
        // Differences from the family at the same latency, by the table alone.
        JsonNode summary = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "summary.json")))!;
        double Against(string network, int seed)
        {
            Row row = rows.Single(r => r.View == "each" && r.Network == network && r.Seed == seed);
            // One network that several targets chose counts once, with its lowest loss.
            (double Ms, double Loss)[] curve =
                [.. rows.Where(r => r.View == "each" && r.Way == "Flextron, selected" && r.Seed == seed).GroupBy(r => r.Prompt).Select(g => (g.Key, g.Min(r => r.Loss))).OrderBy(p => p.Key)];
            if (1.02 * row.Prompt < curve[0].Ms || row.Prompt > 1.02 * curve[^1].Ms) return double.NaN;
            int next = Array.FindIndex(curve, p => p.Ms >= row.Prompt);
            if (next <= 0) return row.Loss - (next == 0 ? curve[0] : curve[^1]).Loss;
            double share = (row.Prompt - curve[next - 1].Ms) / (curve[next].Ms - curve[next - 1].Ms);
            return row.Loss - (curve[next - 1].Loss + share * (curve[next].Loss - curve[next - 1].Loss));
        }

        double[] differences = [.. new[] { 1, 2 }.Select(seed => Against("cut-50", seed))];
        if (differences.Any(double.IsNaN)) Assert.Null(summary["against.each.cut-50"]);
        else Assert.Equal(differences.Average(), summary["against.each.cut-50"]!["value"]!.GetValue<double>(), 1e-9);
        double[][] routed = [.. rows.Where(r => r.Way == "Flextron, routed").Select(r => r.Network).Distinct().Select(n => (double[])[.. new[] { 1, 2 }.Select(seed => Against(n, seed))]).Where(d => !d.Any(double.IsNaN))];
        Assert.Equal(3, rows.Where(r => r.Way == "Flextron, routed").Select(r => r.Network).Distinct().Count());
        if (routed.Length == 0) Assert.Null(summary["against.search.router"]);
        else Assert.Equal(routed.Average(d => d.Average()), summary["against.search.router"]!["value"]!.GetValue<double>(), 1e-9);
        string report = File.ReadAllText(Path.Combine(run, "report.md"));
        Assert.Contains("**mod** (Mixture-of-Depths", report, StringComparison.Ordinal);
        double shape = new[] { 1, 2 }.Average(seed => rows.Single(r => r.View == "each" && r.Network == "cut-50" && r.Seed == seed).Loss - rows.Single(r => r.View == "each" && r.Network == "uniform 0.5" && r.Seed == seed).Loss);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"Against the family's network of the same shape: {shape:+0.000;−0.000;0.000}"), report, StringComparison.Ordinal);
        double original = summary["original"]!.GetValue<double>(), continued = rows.Where(r => r.View == "each" && r.Network == "base").Average(r => r.Loss);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"Continuing takes the base itself from {original:0.000} to {continued:0.000}"), report, StringComparison.Ordinal);
        Assert.Contains("The peak learning rate is 0.003, 0.005 for gla", report, StringComparison.Ordinal);
        Assert.Contains("What the trainings cost", report, StringComparison.Ordinal);
        Assert.Contains("A learned router against the search", report, StringComparison.Ordinal);
        Assert.Contains("tinyworld-piqa", report, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "figures", "loss-latency-each.svg")) && File.Exists(Path.Combine(run, "figures", "loss-latency-together.svg")) && File.Exists(Path.Combine(run, "figures", "loss-latency-operations.svg")));

        // The same again computes nothing.
        string again = ExperimentKinds.Run(experiment, [], [], new RunOptions());
        Assert.Equal(File.ReadAllText(Path.Combine(run, "tables", "networks.csv")), File.ReadAllText(Path.Combine(again, "tables", "networks.csv")));
    }

    [Fact]
    public void SettingsOfAnotherWayAndMissingOnesAreNamed()
    {
        static string Message(WayArm arm) => Assert.Throws<FlextronException>(() => new WayComparisonSettings
        {
            Arms = new Dictionary<string, WayArm> { ["base"] = new() { Way = Way.Continued }, ["flextron"] = new() { Way = Way.Flextron }, ["a"] = arm },
        }.Resolved()).Message;
        Assert.Contains("arms.a.capacity belongs to the way \"mixtureOfDepths\" and this is \"drop\"", Message(new WayArm { Way = Way.Drop, Target = DropTarget.Mlp, Count = 1, Capacity = 0.5 }), StringComparison.Ordinal);
        Assert.Contains("arms.a is \"drop\" and says no count", Message(new WayArm { Way = Way.Drop, Target = DropTarget.Mlp }), StringComparison.Ordinal);
        Assert.Contains("arms.a.share is 0", Message(new WayArm { Way = Way.Alone, Share = 0 }), StringComparison.Ordinal);
        Assert.Contains("mixer is Attention", Message(new WayArm { Way = Way.Transfer, Mixer = MixerKind.Attention }), StringComparison.Ordinal);
        Assert.Contains("exactly one arm of the way \"flextron\"", Message(new WayArm { Way = Way.Flextron }), StringComparison.Ordinal);
        Assert.Contains("profile.workload generates tokens", Assert.Throws<FlextronException>(() => new WayComparisonSettings { Profile = new() { Workload = new(1, 4, 4) } }.Resolved()).Message, StringComparison.Ordinal);
        Assert.Equal(16, new WayComparisonSettings().Resolved().Arms.Count);
    }

    [Fact]
    public void WhatTheModelDoesNotAllowIsSaidBeforeAnythingIsTrained()
    {
        // Two blocks, a context of 64.
        string Message(string set) => Assert.Throws<FlextronException>(() => ExperimentKinds.Run(ExperimentFolder.Open(folder.Path), [set], [], new RunOptions())).Message;
        Assert.Contains("arms.drop: Dropping 2 of 2 MLP parts", Message("arms.drop.count=2"), StringComparison.Ordinal);
        Assert.Contains("arms.gla: Block 5 cannot keep its attention", Message("arms.gla.keep=[5]"), StringComparison.Ordinal);
        Assert.Contains("arms.mod: Mixture-of-Depths settings: every is 3", Message("arms.mod.every=3"), StringComparison.Ordinal);
        Assert.Contains("do not fit the model's context", Message("decode.generatedTokens=100000"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(folder["cache"], "arm-*"));
    }

    private static IEnumerable<Row> Rows(string run)
    {
        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
        foreach (string[] c in File.ReadLines(Path.Combine(run, "tables", "networks.csv")).Skip(1).Select(l => l.Replace("\"Flextron, ", "Flextron; ", StringComparison.Ordinal).Replace("\"LLM-Drop, healed\"", "LLM-Drop", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal).Split(',')))
            yield return new Row(c[0], c[1].Replace("; ", ", ", StringComparison.Ordinal), c[2], (int)Number(c[3]), Number(c[4]), Number(c[5]), Number(c[6]), Number(c[10]), Number(c[11]), c[13]);
    }

    private sealed record Row(string View, string Way, string Network, int Seed, double Prompt, double Token, double Loss, double Tokens, double Flops, string Score);
}
