using Flextron.MixtureOfDepths;
using Flextron.Workbench.DepthComparisons;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;

namespace Flextron.Tests.Workbench.DepthComparisons;

public sealed class MixtureComparisonTests : IDisposable
{
    private const string Experiment = """
        {
          "kind": "mixture-of-depths", "seeds": [1, 2], "teraflops": 2e-4, "sequenceLength": 32, "batchSize": 2, "vocabularySize": 280, "tokenizerCharacters": 20000, "heldOutWindows": 8,
          "decodeTokens": 8, "decodeRounds": 1, "mixture": { "capacity": 0.25 },
          "sizes": [{ "hiddenSize": 8, "blockCount": 2, "headCount": 2, "kvGroupCount": 1, "neuronCount": 16 }, { "hiddenSize": 16, "blockCount": 2, "headCount": 2, "kvGroupCount": 1, "neuronCount": 32 }]
        }
        """;

    private readonly TemporaryFolder folder = TestData.Temporary();

    public MixtureComparisonTests() => File.WriteAllText(folder["experiment.json"], Experiment);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryArmSpendsTheSameComputeAndTheReportComparesThem()
    {
        var experiment = ExperimentFolder.Open(folder.Path);
        string run = ExperimentKinds.Run(experiment, [], [], new RunOptions());

        string[][] rows = [.. File.ReadLines(Path.Combine(run, "tables", "outcomes.csv")).Skip(1).Select(l => l.Split(','))];
        Assert.Equal(3 * 2 * 2, rows.Length);
        Assert.All(rows, r =>
        {
            double steps = double.Parse(r[4], System.Globalization.CultureInfo.InvariantCulture), perToken = double.Parse(r[6], System.Globalization.CultureInfo.InvariantCulture);
            double step = 3 * 2 * 32 * perToken;
            Assert.InRange(steps * step, 2e8 - step, 2e8 + 1);
        });
        // At the same size a Mixture-of-Depths network reads more text for its compute.
        double Tokens(string arm) => double.Parse(rows.First(r => r[0] == arm && r[1] == "16x2")[5], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Tokens("Mixture") > 1.1 * Tokens("Dense"));
        string report = File.ReadAllText(Path.Combine(run, "report.md"));
        Assert.Contains("The causal sampler", report, StringComparison.Ordinal);
        Assert.Contains("Speed here", report, StringComparison.Ordinal);
        Assert.Contains("paired by seed", report, StringComparison.Ordinal);
        // Against dense networks it counts as it would generate too, from the tables alone: each arm at its best size.
        double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        string Best(string arm) => rows.Where(r => r[0] == arm).GroupBy(r => r[1]).MinBy(g => g.Average(r => Number(r[7])))!.Key;
        string[][] samplers = [.. File.ReadLines(Path.Combine(run, "tables", "samplers.csv")).Skip(1).Select(l => l.Split(','))];
        double mixture = samplers.Where(r => r[0] == Best("Mixture")).GroupBy(r => r[1]).Average(seed => Number(seed.Last(r => r[2] == new MixtureSettings().Sampler.ToString())[7]));
        double dense = rows.Where(r => r[0] == "Dense" && r[1] == Best("Dense")).Average(r => Number(r[7]));
        Assert.Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the same difference is {mixture - dense:+0.0000;-0.0000} nats/token"), report, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "figures", "isoflop.svg")));

        // The same again computes nothing.
        string again = ExperimentKinds.Run(experiment, [], [], new RunOptions());
        Assert.Equal(File.ReadAllText(Path.Combine(run, "tables", "outcomes.csv")), File.ReadAllText(Path.Combine(again, "tables", "outcomes.csv")));
    }

    [Fact]
    public void ImpossibleSettingsAreNamed()
    {
        string Message(MixtureComparisonSettings settings) => Assert.Throws<FlextronException>(settings.Validated).Message;
        var settings = new MixtureComparisonSettings();
        Assert.Contains("teraflops is 0", Message(settings with { Teraflops = 0 }), StringComparison.Ordinal);
        Assert.Contains("decodeTokens is 200", Message(settings with { DecodeTokens = 200 }), StringComparison.Ordinal);
        Assert.Contains("sizes must be given", Message(settings with { Sizes = [] }), StringComparison.Ordinal);
        Assert.Contains("\"x\"", Message(settings with { Kind = "x" }), StringComparison.Ordinal);
    }
}
