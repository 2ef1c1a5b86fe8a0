using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;

namespace Flextron.Tests.Selection;

public sealed class BudgetTests
{
    [Theory]
    [InlineData("0.5", BudgetKind.LatencyShare, 0.5)]
    [InlineData("1", BudgetKind.LatencyShare, 1)]
    [InlineData(" .25 ", BudgetKind.LatencyShare, 0.25)]
    [InlineData("12ms", BudgetKind.Milliseconds, 12)]
    [InlineData("1.5s", BudgetKind.Milliseconds, 1500)]
    [InlineData("300MB", BudgetKind.Bytes, 300e6)]
    [InlineData("2 KB", BudgetKind.Bytes, 2e3)]
    [InlineData("1.5GiB", BudgetKind.Bytes, 1610612736)]
    [InlineData("64MiB", BudgetKind.Bytes, 67108864)]
    [InlineData("5M", BudgetKind.Parameters, 5e6)]
    [InlineData("250K", BudgetKind.Parameters, 250e3)]
    [InlineData("7B", BudgetKind.Parameters, 7e9)]
    [InlineData("uniform:0.5", BudgetKind.Uniform, 0.5)]
    public void ReadsEveryForm(string text, BudgetKind kind, double value)
    {
        Budget budget = Budget.Parse(text);
        Assert.Equal((kind, value), (budget.Kind, budget.Value));
        Assert.Equal(text.Trim(), budget.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("half")]
    [InlineData("0,5")]
    [InlineData("-1ms")]
    [InlineData("0")]
    [InlineData("1.5")]
    [InlineData("0ms")]
    [InlineData("12 apples")]
    [InlineData("uniform:12ms")]
    [InlineData("uniform:2")]
    [InlineData("uniform:")]
    [InlineData("NaN")]
    [InlineData("1e999ms")]
    public void RefusesWhatIsNotABudgetByNamingIt(string text) =>
        Assert.Contains($"\"{text}\"", Assert.Throws<FlextronException>(() => Budget.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void ChoicesComeFromAFile()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["b.json"], """{"blocks":[{"kvGroups":4,"neurons":48},{"kvGroups":1,"neurons":13},{"kvGroups":2,"neurons":64}]}""");
        var expected = new SubNetwork([new BlockShape(4, 48), new BlockShape(1, 13), new BlockShape(2, 64)]);
        Assert.Equal(expected, Budget.Parse(folder["b.json"]).Resolve(NetworkSelectorTests.Selector(null)).SubNetwork);
        BudgetFile.Save(folder["c.json"], expected);
        Assert.Equal(expected, Budget.Parse(folder["c.json"]).Choices);
        Assert.DoesNotContain("width", File.ReadAllText(folder["c.json"]), StringComparison.Ordinal);

        var narrow = new SubNetwork([new BlockShape(4, 48), BlockShape.Skipped, new BlockShape(0, 64)], 5);
        BudgetFile.Save(folder["d.json"], narrow);
        Assert.Equal(narrow, Budget.Parse(folder["d.json"]).Resolve(NetworkSelectorTests.Selector(null)).SubNetwork);
    }

    [Theory]
    [InlineData("""{"blocks":[]}""", "no blocks")]
    [InlineData("{}", "no blocks")]
    [InlineData("[1", "not a readable budget file")]
    public void BadFilesAreRefused(string content, string word)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["b.json"], content);
        Assert.Contains(word, Assert.Throws<FlextronException>(() => Budget.Parse(folder["b.json"])).Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => Budget.Parse(folder["missing.json"]));
    }

    [Fact]
    public void ChoicesBeyondTheModelAreRefused()
    {
        var budget = new Budget(BudgetKind.Choices, 0, "b.json", new SubNetwork(Enumerable.Repeat(new BlockShape(5, 8), 3)));
        Assert.Contains("5", Assert.Throws<FlextronException>(() => budget.Resolve(NetworkSelectorTests.Selector(null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LimitsHoldInTheirOwnUnit()
    {
        ModelConfig config = NetworkSelectorTests.Config;
        ICostTable parameters = AnalyticCosts.Parameters(config);
        var selector = new NetworkSelector(config, NetworkSelectorTests.Space) { Latency = new ParametersAsMilliseconds(parameters) };
        double full = parameters.Cost(SubNetwork.Full(config));
        SelectedNetwork half = Budget.Parse("0.5").Resolve(selector), time = Budget.Parse("5ms").Resolve(selector), bytes = Budget.Parse("30KB").Resolve(selector);
        Assert.InRange(half.Parameters, 0.4 * full, 0.5 * full);
        Assert.InRange(time.PredictedMs!.Value, 4.2, 5);
        Assert.InRange(bytes.Bytes, 25_000, 30_000);
        Assert.InRange(Budget.Parse("6K").Resolve(selector).Parameters, 5_200, 6_000);
        Assert.Equal(NetworkSelectorTests.Space.Uniform(0.5), Budget.Parse("uniform:0.5").Resolve(selector).SubNetwork);
        Assert.Equal(NetworkSelectorTests.Space.Largest, Budget.Parse("1").Resolve(selector).SubNetwork);
    }

    [Fact]
    public void TheRouterIsAskedForANormalisedTarget()
    {
        ICostTable parameters = AnalyticCosts.Parameters(NetworkSelectorTests.Config);
        ElasticSpace space = NetworkSelectorTests.Space;
        var selector = new NetworkSelector(NetworkSelectorTests.Config, space) { Latency = parameters };
        (double least, double full) = (parameters.Cost(space.Smallest), parameters.Cost(space.Largest));
        List<double> asked = [];
        SubNetwork Route(double target)
        {
            asked.Add(target);
            return space.Largest;
        }
        SelectedNetwork selected = Budget.Parse("0.75").Resolve(selector, Route);
        Assert.Equal((0.75 * full - least) / (full - least), Assert.Single(asked), 1e-12);
        Assert.True(selected.Cost <= 0.75 * full);
        Budget.Parse("1").Resolve(selector, Route);
        Assert.Equal(1, asked[1]);
        Assert.Contains("parameters", Assert.Throws<FlextronException>(() => Budget.Parse("0.01").Resolve(selector, Route)).Message, StringComparison.Ordinal);
        Assert.Equal(2, asked.Count);
    }

    [Fact]
    public void TimeWithoutATableIsRefused() =>
        Assert.Contains("flextron profile", Assert.Throws<FlextronException>(() => Budget.Parse("12ms").Resolve(NetworkSelectorTests.Selector(null))).Message, StringComparison.Ordinal);

    private sealed class ParametersAsMilliseconds(ICostTable parameters) : ICostTable
    {
        public string Unit => "ms";

        public double Fixed => parameters.Fixed / 1000;

        public double Attention(int block, int kvGroups) => parameters.Attention(block, kvGroups) / 1000;

        public double Mlp(int block, int neurons) => parameters.Mlp(block, neurons) / 1000;
    }
}
