using System.Globalization;
using System.Text.Json;
using Flextron.Data;
using Flextron.Data.Records;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Cli;
using Flextron.Training;
using Flextron.Workbench.Comparisons;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;

namespace Flextron.Tests.Workbench.Comparisons;

public sealed class JointComparisonTests : IDisposable
{
    private const string Experiment = """
        {
          "kind": "joint-training", "model": "model", "baseline": "base", "mixedBudgets": 2, "seeds": [1, 2],
          "corpus": { "path": "text.jsonl", "calibrationShare": 0.2, "heldOutShare": 0.2, "windowLength": 16, "heldOutWindows": 6 },
          "rank": { "maximumTokens": 256 },
          "training": { "steps": 4, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 1, "learningRate": 3e-3, "evaluateEvery": 0 },
          "arms": {
            "base": {},
            "untrained": { "training": { "steps": 0 } },
            "shuffled": { "order": "random" },
            "alone": { "only": 0.5 },
            "fresh": { "only": 0.5, "fresh": true, "training": { "distillationWeight": 0 } },
            "one": { "equalCompute": true, "training": { "strategy": "random", "networksPerStep": 1 } }
          },
          "comparisons": [
            { "name": "all", "question": "Ways", "arms": ["base", "untrained", "one"] },
            { "name": "order", "question": "Orders", "arms": ["base", "shuffled"] },
            { "name": "alone", "question": "Alone", "arms": ["base", "alone", "fresh"] }
          ]
        }
        """;

    private readonly TemporaryFolder folder = TestData.Temporary();

    public JointComparisonTests()
    {
        TinyModel.Save(folder["model"]);
        File.WriteAllLines(folder["text.jsonl"], Enumerable.Range(0, 300).Select(i =>
            JsonSerializer.Serialize(new { text = string.Create(CultureInfo.InvariantCulture, $"Cat {i} sees dog {i % 5} near the {(i % 3 == 0 ? "river" : "hill")}.") })));
        File.WriteAllText(folder["experiment.json"], Experiment);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ARunComparesEveryArmWithEverySeedAndIsReusedWhole()
    {
        (string run, Dictionary<(string Arm, string Seed, string MeasuredBudget), double?[]> losses) = Run("first");
        Assert.Equal(2 * 4 * 6 + 2 * 2, losses.Count);

        // Nothing trained: nothing changed. And the whole network is the same in any order.
        Assert.All(losses.Where(l => l.Key.Arm == "untrained"), l => Assert.Equal(l.Value[0], l.Value[1]));
        Assert.Equal(losses[("base", "1", "1")][0]!.Value, losses[("shuffled", "1", "1")][0]!.Value, 1e-5);
        Assert.NotEqual(losses[("base", "1", "0.5")][0], losses[("shuffled", "1", "0.5")][0]);
        Assert.NotEqual(losses[("shuffled", "1", "0.5")][0], losses[("shuffled", "2", "0.5")][0]);
        Assert.Null(losses[("fresh", "1", "0.5")][0]);
        Assert.InRange(losses[("fresh", "1", "0.5")][1]!.Value, 3, Math.Log(TinyModel.Vocabulary) + 1);
        foreach (string name in new[] { "trade-off", "whole-cost", "gain", "all-loss", "all-difference", "order-before-after", "order-difference" })
            Assert.True(File.Exists(Path.Combine(run, "figures", name + ".svg")), name);
        // Means over both seeds with intervals by hand: t(0.975, 1) = 12.7062, and the standard error of two values is half their distance.
        string[][] tradeoff = [.. CsvReader.Read(Path.Combine(run, "figures", "trade-off.csv")).Select(r => r.Fields)];
        double[] smaller = [.. new[] { "1", "2" }.Select(seed => losses.Where(l => l.Key.Arm == "base" && l.Key.Seed == seed && l.Key.MeasuredBudget != "1").Average(l => l.Value[1]!.Value))];
        double[] whole = [.. new[] { "1", "2" }.Select(seed => losses[("base", seed, "1")][1]!.Value - losses[("base", seed, "1")][0]!.Value)];
        double[] Interval(double[] v) => [v.Average() - 12.7062 * Math.Abs(v[0] - v[1]) / 2, v.Average() + 12.7062 * Math.Abs(v[0] - v[1]) / 2];
        double[] expected = [smaller.Average(), whole.Average(), .. Interval(smaller), .. Interval(whole)];
        double[] drawn = [.. tradeoff.Single(r => r[1] == "base").Skip(2).Select(f => double.Parse(f, CultureInfo.InvariantCulture))];
        Assert.Equal(expected.Length, drawn.Length);
        Assert.All(expected.Zip(drawn), p => Assert.Equal(p.First, p.Second, 1e-4));
        string report = File.ReadAllText(Path.Combine(run, "report.md"));
        Assert.Contains("**untrained** against base", report, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", report, StringComparison.Ordinal);

        (string again, Dictionary<(string, string, string), double?[]> same) = Run("second");
        Assert.Equal(losses, same);
        Assert.All(RunRecord.Open(again).ReadProvenance().Stages, s => Assert.True(s.Reused, s.Name));
        Assert.Equal(File.ReadAllText(Path.Combine(run, "summary.json")), File.ReadAllText(Path.Combine(again, "summary.json")));
    }

    [Fact]
    public void AnArmIsWhatTheTrainerMakesOfItsSettings()
    {
        (_, Dictionary<(string, string, string), double?[]> losses) = Run("run");
        string Stage(string prefix) => Directory.GetDirectories(folder["cache"], prefix + "-*").Single(d => !d.EndsWith(".checkpoints", StringComparison.Ordinal));
        string family = Path.Combine(Stage("elastify"), "family");
        using ElasticFamily elastic = ElasticFamily.Load(family), original = ElasticFamily.Load(family);
        int vocabulary = elastic.Model.Config.VocabularySize;
        var settings = new JointTrainingSettings
        {
            Steps = 4, BatchSize = 2, SequenceLength = 16, NetworksPerStep = 2, WarmupSteps = 1, LearningRate = 3e-3, EvaluateEvery = 0, Seed = 2,
        };
        using (var trainer = new JointTrainer(elastic.Model, elastic.Space, settings, original.Model)) trainer.Run(TokenCorpus.Load(Path.Combine(Stage("corpus"), "train.ids"), vocabulary));
        var heldOut = new HeldOutLoss(TokenCorpus.Load(Path.Combine(Stage("corpus"), "heldout.ids"), vocabulary), 16, 6);
        foreach (MeasuredBudget budget in MeasuredBudget.Grid(elastic.Space, elastic.Model.Config, 2))
            Assert.Equal(heldOut.Of(elastic.Model, budget.Network).Mean, losses[("base", "2", budget.Label)][1]!.Value, 1e-12);
    }

    [Fact]
    public void AnInterruptedRunGoesOnAtTheArmItWasAt()
    {
        CliRun stopped = CliRun.Stopped("arm-alone-seed1", 1, "run", folder.Path, "--name", "stopped");
        Assert.NotEqual(0, stopped.Code);
        string run = CliRun.JsonOf("run", folder.Path, "--name", "on").GetProperty("run").GetString()!;
        Dictionary<string, bool> reused = RunRecord.Open(run).ReadProvenance().Stages.ToDictionary(s => s.Name, s => s.Reused);
        Assert.True(reused["arm-shuffled-seed2"]);
        Assert.False(reused["arm-alone-seed1"]);
        Assert.False(reused["arm-one-seed2"]);
    }

    [Fact]
    public void TheGridIsTheSameForEveryoneAndFromSmallToLarge()
    {
        ModelConfig config = Reference.RandomLlama.TinyConfig();
        ElasticSpace space = ElasticSpace.For(config);
        IReadOnlyList<MeasuredBudget> grid = MeasuredBudget.Grid(space, config, 5);
        Assert.Equal(grid, MeasuredBudget.Grid(space, config, 5));
        MeasuredBudget[] mixed = [.. grid.Where(b => b.Share is null)];
        Assert.Equal(["mixed-1", "mixed-2", "mixed-3", "mixed-4", "mixed-5"], mixed.Select(b => b.Label));
        Assert.Equal(mixed.Select(b => b.Parameters).Order(), mixed.Select(b => b.Parameters));
        Assert.Equal(grid.Count, grid.Select(b => b.Network).Distinct().Count());
        Assert.Equal(space.Largest, Assert.Single(grid, b => b.IsWhole).Network);
        Assert.All(grid, b => Assert.True(space.Contains(b.Network)));
    }

    private (string Run, Dictionary<(string Arm, string Seed, string MeasuredBudget), double?[]> Losses) Run(string name)
    {
        ExperimentFolder experiment = ExperimentFolder.Open(folder.Path);
        string run = ExperimentKinds.Run(experiment, [], [], new RunOptions { Name = name });
        string[][] rows = [.. File.ReadLines(Path.Combine(run, "tables", "losses.csv")).Skip(1).Select(l => l.Split(','))];
        return (run, rows.ToDictionary(r => (r[0], r[1], r[2]), r => new[] { Number(r[3]), Number(r[5]) }));
    }

    private static double? Number(string cell) => cell.Length == 0 ? null : double.Parse(cell, CultureInfo.InvariantCulture);
}
