using Flextron.Tests.Cli;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;

namespace Flextron.Tests.Workbench.Kinds;

public sealed class ExperimentKindsTests
{
    [Fact]
    public void AnExperimentThatNamesNoKindIsTheWholeMethod()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Equal("method", ExperimentKinds.Of(Experiment(folder, "{ \"question\": \"?\" }")).Name);
        Assert.Equal("method", ExperimentKinds.Of(Experiment(folder, "{ \"kind\": \"method\" }")).Name);
    }

    [Fact]
    public void EveryKindHasItsOwnNameAndFindsItself()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Equal(ExperimentKinds.All.Count, ExperimentKinds.All.Select(k => k.Name).Distinct().Count());
        foreach (ExperimentKind kind in ExperimentKinds.All) Assert.Same(kind, ExperimentKinds.Of(Experiment(folder, $$"""{ "kind": "{{kind.Name}}" }""")));
    }

    [Theory]
    [InlineData("""{ "kind": "metod" }""", "did you mean \"method\"?")]
    [InlineData("""{ "kind": 3 }""", "\"kind\" must be a text, not 3")]
    [InlineData("""{ "kind": null }""", "\"kind\" must be a text, not null")]
    [InlineData("[]", "the whole must be an object")]
    public void RefusesWhatIsNoKind(string json, string message)
    {
        using TemporaryFolder folder = TestData.Temporary();
        string refusal = Assert.Throws<FlextronException>(() => ExperimentKinds.Of(Experiment(folder, json))).Message;
        Assert.Contains(message, refusal, StringComparison.Ordinal);
        Assert.Contains("experiment.json", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void ListNamesKinds()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Experiment(folder, "{ \"kind\": \"unheard-of\" }");
        var json = CliRun.JsonOf("list", folder.Path);
        Assert.Equal("unheard-of", json.GetProperty("experiments")[0].GetProperty("kind").GetString());
        Assert.Equal(ExperimentKinds.All.Select(k => k.Name), json.GetProperty("kinds").EnumerateArray().Select(k => k.GetProperty("name").GetString()!));
    }

    private static ExperimentFolder Experiment(TemporaryFolder folder, string json)
    {
        File.WriteAllText(folder["experiment.json"], json);
        return ExperimentFolder.Open(folder.Path);
    }
}
