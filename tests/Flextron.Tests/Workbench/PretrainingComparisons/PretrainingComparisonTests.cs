using System.Globalization;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;
using Flextron.Workbench.PretrainingComparisons;

namespace Flextron.Tests.Workbench.PretrainingComparisons;

public sealed class PretrainingComparisonTests : IDisposable
{
    private const string Experiment = """
        {
          "kind": "pretraining", "seeds": [1, 2], "heldOutWindows": 8,
          "pretraining": {
            "vocabularySize": 280, "tokenizerCharacters": 20000, "hiddenSize": 16, "blockCount": 2, "headCount": 4, "kvGroupCount": 2, "neuronCount": 32, "contextLength": 32, "batchSize": 2, "tokens": 2560
          }
        }
        """;

    private readonly TemporaryFolder folder = TestData.Temporary();

    public PretrainingComparisonTests() => File.WriteAllText(folder["experiment.json"], Experiment);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryArmSpendsAtMostTheFirstOnesComputeAndTheReportComparesThem()
    {
        var experiment = ExperimentFolder.Open(folder.Path);
        string run = ExperimentKinds.Run(experiment, [], [], new RunOptions());
        string[][] rows = [.. File.ReadLines(Path.Combine(run, "tables", "arms.csv")).Skip(1).Select(l => l.Split(','))];
        Assert.Equal(["plain", "plain", "v-cycle", "v-cycle", "v-cycle-width", "v-cycle-width", "skip-layer", "skip-layer"], rows.Select(r => r[0]));
        double Number(string arm, int column) => double.Parse(rows.First(r => r[0] == arm)[column], CultureInfo.InvariantCulture);
        // Whole steps: what is left over is less than one, of 2 · 32 tokens at full size.
        double compute = Number("plain", 4), step = Number("skip-layer", 4) / (Number("skip-layer", 3) / 64);
        Assert.All(rows, r => Assert.InRange(Number(r[0], 4), compute - step, compute));
        // Half the size costs less by the token, seeing more keys more.
        Assert.True(Number("v-cycle", 3) > Number("v-cycle-width", 3) && Number("v-cycle-width", 3) > Number("plain", 3) && Number("skip-layer", 3) < Number("plain", 3));
        string report = File.ReadAllText(Path.Combine(run, "report.md"));
        Assert.Contains("minus plain", report, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "figures", "compute.svg")));
        string again = ExperimentKinds.Run(experiment, [], [], new RunOptions());
        Assert.Equal(File.ReadAllText(Path.Combine(run, "tables", "curves.csv")), File.ReadAllText(Path.Combine(again, "tables", "curves.csv")));
    }

    [Fact]
    public void APlanAddsUpItsParts()
    {
        var settings = new PretrainingComparisonSettings();
        PretrainingPlan plain = PretrainingPlan.Of(settings, new PretrainingArm(), 1), cycle = PretrainingPlan.Of(settings, new PretrainingArm { VCycle = new VCycleSettings() }, 1);
        Assert.Equal([(settings.Pretraining.Steps, plain.Parts[0].Flops)], plain.Parts);
        Assert.Equal(3, cycle.Parts.Count);
        Assert.Equal(cycle.Settings.Steps, cycle.Parts.Sum(p => p.Steps));
        Assert.Equal(plain.Parts[0].Flops, cycle.Parts[0].Flops);
        Assert.InRange(cycle.Parts[1].Flops / cycle.Parts[0].Flops, 0.1, 0.5);
        (int first, int small) = (cycle.Parts[0].Steps, cycle.Parts[1].Steps);
        Assert.Equal(first * cycle.Parts[0].Flops + 3 * cycle.Parts[1].Flops, cycle.FlopsAt(first + 3), 1.0);
        Assert.Equal(cycle.Flops, cycle.FlopsAt(cycle.Settings.Steps), 1.0);
        Assert.Equal((first + cycle.Parts[2].Steps) * cycle.Parts[0].Flops + small * cycle.Parts[1].Flops, cycle.Flops, 1.0);
    }

    [Fact]
    public void ImpossibleSettingsAreNamed()
    {
        string Message(PretrainingComparisonSettings settings) => Assert.Throws<FlextronException>(settings.Validated).Message;
        var settings = new PretrainingComparisonSettings();
        PretrainingComparisonSettings Of(PretrainingArm arm) => settings with { Arms = new Dictionary<string, PretrainingArm> { ["x"] = arm } };
        settings.Validated();
        Assert.Contains("compare one at a time", Message(Of(new PretrainingArm { VCycle = new VCycleSettings(), SkipLayer = new SkipLayerAttention(1, 1) })), StringComparison.Ordinal);
        Assert.Contains("give them to arms", Message(settings with { Pretraining = settings.Pretraining with { VCycle = new VCycleSettings() } }), StringComparison.Ordinal);
        Assert.Contains("seeds must be given", Message(settings with { Seeds = [1, 1] }), StringComparison.Ordinal);
        Assert.Contains("interpolation is 2", Message(Of(new PretrainingArm { VCycle = new VCycleSettings { Interpolation = 2 } })), StringComparison.Ordinal);
        Assert.Contains("\"a b\"", Message(settings with { Arms = new Dictionary<string, PretrainingArm> { ["a b"] = new() } }), StringComparison.Ordinal);
    }
}
