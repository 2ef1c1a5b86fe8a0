using System.Text.Json.Nodes;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class SettingsGridTests
{
    private static readonly JsonNode Settings = JsonNode.Parse("""{ "training": { "rate": 0.5, "seed": 1 }, "corpus": { "seed": 2 }, "name": "x", "list": [1] }""")!;

    [Fact]
    public void EveryCombinationIsAPointAndTheLastAxisIsFastest()
    {
        SettingsGrid grid = SettingsGrid.Parse(JsonNode.Parse("""{ "training.rate": [0.1, 0.2], "name": ["a", "b c"], "training.seed": [1, 2] }"""), "test");
        IReadOnlyList<GridPoint> points = grid.Points(Settings);
        Assert.Equal(8, points.Count);
        Assert.Equal(["rate = 0.1, name = a", "rate = 0.1, name = a", "rate = 0.1, name = b c", "rate = 0.1, name = b c"], points.Take(4).Select(p => p.Setting));
        Assert.Equal(["seed = 1", "seed = 2", "seed = 1"], points.Take(3).Select(p => p.Seeds));
        Assert.Equal("004-rate-0.1-name-b_c-seed-2", points[3].FolderName);
        Assert.Equal("""{"training":{"rate":0.2,"seed":2},"corpus":{"seed":2},"name":"b c","list":[1]}""", points[7].Settings.ToJsonString());
        Assert.Equal("""{"training.rate":[0.1,0.2],"name":["a","b c"],"training.seed":[1,2]}""", grid.ToJson().ToJsonString());
    }

    [Fact]
    public void AxesThatEndAlikeAreNamedInFull()
    {
        SettingsGrid grid = SettingsGrid.Parse(JsonNode.Parse("""{ "training.seed": [1], "corpus.seed": [2] }"""), "test");
        GridPoint point = Assert.Single(grid.Points(Settings));
        Assert.Equal(("all", "training.seed = 1, corpus.seed = 2"), (point.Setting, point.Seeds));
    }

    [Fact]
    public void TheCommandLineAddsToTheFileAndReplacesItsAxes()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["experiment.json"], """{ "name": "x", /* two */ "grid": { "training.rate": [0.1, 0.2] } }""");
        SettingsGrid grid = SettingsGrid.Read(folder["experiment.json"], ["training.rate=0.3", "training.seed=4,5", "list=[[1],[2,3]]"]);
        Assert.Equal("""{"training.rate":[0.3],"training.seed":[4,5],"list":[[1],[2,3]]}""", grid.ToJson().ToJsonString());
        Assert.Equal(4, grid.Points(Settings).Count);
        Assert.True(SettingsGrid.Read(folder["experiment.json"], []).Axes[0].Numbers is [0.1, 0.2]);
    }

    [Theory]
    [InlineData("[1]", "must be an object of lists")]
    [InlineData("""{ "name": "a" }""", "\"name\" must be a list of values")]
    [InlineData("""{ "name": [] }""", "\"name\" must be a list of values")]
    [InlineData("""{ "name": ["a", "b", "a"] }""", "names a value twice")]
    public void RefusesWhatIsNoGrid(string json, string expected)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["experiment.json"], $$"""{ "grid": {{json}} }""");
        string message = Assert.Throws<FlextronException>(() => SettingsGrid.Read(folder["experiment.json"], [])).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("experiment.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesMorePointsThanAnybodyMeans()
    {
        string values = string.Join(',', Enumerable.Range(0, 101));
        Assert.Contains("10201 points", Assert.Throws<FlextronException>(() => SettingsGrid.Parse(JsonNode.Parse($$"""{ "a": [{{values}}], "b": [{{values}}] }"""), "test")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("training.sed=1,2", "There is no setting \"training.sed\"")]
    [InlineData("training.rate=fast,slow", "must be a number")]
    public void RefusesSettingsThatThereAreNot(string given, string expected)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["experiment.json"], "{}");
        SettingsGrid grid = SettingsGrid.Read(folder["experiment.json"], [given]);
        Assert.Contains(expected, Assert.Throws<FlextronException>(() => grid.Points(Settings)).Message, StringComparison.Ordinal);
    }
}
