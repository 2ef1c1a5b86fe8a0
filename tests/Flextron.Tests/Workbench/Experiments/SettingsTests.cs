using System.Text.Json.Nodes;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class SettingsTests
{
    private enum Method { Activation, Magnitude }

    private sealed record Rank(int Batches = 4, double Decay = 0.5, Method Method = Method.Activation);

    private sealed record Settings(Rank Rank, string Title)
    {
        public int[] Widths { get; init; } = [64, 128];

        public bool Fast { get; init; }

        public string? Note { get; init; }

        public long? Seed { get; init; }

        public Dictionary<string, double> Weights { get; init; } = [];

        public int Computed => Widths.Length;
    }

    [Fact]
    public void ReadsDefaultsCommentsAndNames()
    {
        Settings s = Read("""{ "rank": { "method": "magnitude", /* few */ "batches": 2, }, "title": "t", "weights": { "a": 0.25 } }""");
        Assert.Equal(new Rank(2, 0.5, Method.Magnitude), s.Rank);
        Assert.Equal([64, 128], s.Widths);
        Assert.Equal(0.25, s.Weights["a"]);
    }

    [Theory]
    [InlineData("""{ "rank": { "bathces": 2 }, "title": "t" }""", "unknown setting \"rank.bathces\": did you mean \"rank.batches\"?")]
    [InlineData("""{ "rank": {}, "title": "t", "computed": 3 }""", "unknown setting \"computed\"")]
    [InlineData("""{ "rank": { "batches": 2.5 }, "title": "t" }""", "\"rank.batches\" must be a whole number, not 2.5")]
    [InlineData("""{ "rank": { "batches": "2" }, "title": "t" }""", "\"rank.batches\" must be a whole number, not \"2\"")]
    [InlineData("""{ "rank": { "method": "wanda" }, "title": "t" }""", "\"rank.method\" must be one of activation, magnitude, not \"wanda\"")]
    [InlineData("""{ "rank": null, "title": "t" }""", "\"rank\" must be an object, not null")]
    [InlineData("""{ "rank": {} }""", "lacks the setting \"title\"")]
    [InlineData("""{ "rank": {}, "title": null }""", "\"title\" must be a text, not null")]
    [InlineData("""{ "rank": {}, "title": "t", "widths": [1, true] }""", "\"widths[1]\" must be a whole number, not true")]
    [InlineData("""{ "rank": {}, "title": "t", "widths": 3 }""", "\"widths\" must be a list, not 3")]
    [InlineData("""{ "rank": {}, "title": "t", "weights": { "a": "b" } }""", "\"weights.a\" must be a number, not \"b\"")]
    [InlineData("""{ "rank": { "batches": 99999999999 }, "title": "t" }""", "rank.batches")]
    [InlineData("""{ "rank": {}, "rank": {}, "title": "t" }""", "rank")]
    [InlineData("""{ "rank": {} """, "is not a readable settings file")]
    public void RefusesWhatDoesNotFit(string json, string expected)
    {
        FlextronException e = Assert.Throws<FlextronException>(() => Read(json));
        Assert.Contains("experiment.json", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OverridesReachSettingsThatTheFileLeavesOut()
    {
        Settings s = Read("""{ "rank": {}, "title": "t" }""",
            "rank.decay=0.125", "rank.method=magnitude", "widths=[1,2,3]", "widths[1]=20", "fast=true", "note=a=b", "seed=7", "title=12", "weights={\"x\":2}", "Rank.Batches=9");
        Assert.Equal(new Rank(9, 0.125, Method.Magnitude), s.Rank);
        Assert.Equal([1, 20, 3], s.Widths);
        Assert.True(s.Fast);
        Assert.Equal("a=b", s.Note);
        Assert.Equal(7, s.Seed);
        Assert.Equal("12", s.Title);
        Assert.Equal(2, s.Weights["x"]);
    }

    [Theory]
    [InlineData("rank.batches=2.5", "must be a whole number, not 2.5")]
    [InlineData("rank.batches=many", "rank.batches must be a number, and \"many\" is not: its present value is 4")]
    [InlineData("rank.batches=null", "must be a whole number, not null")]
    [InlineData("fast=1", "fast must be true or false, and \"1\" is not")]
    [InlineData("rank.bathces=2", "There is no setting \"rank.bathces\": did you mean \"rank.batches\"?")]
    [InlineData("rnak.batches=2", "There is no setting \"rnak\": did you mean \"rank\"?")]
    [InlineData("rank=2", "is a group, and \"2\" is not: set one of its parts (rank.batches, rank.decay, rank.method)")]
    [InlineData("rank.batches.x=2", "rank.batches, which has no parts")]
    [InlineData("widths[2]=1", "element \"2\" of widths, which has 2: use [0] to [1]")]
    [InlineData("widths=1,x", "widths[1] must be a number")]
    [InlineData("widths=[1,\"x\"]", "widths[1] must be a number")]
    [InlineData("rank.batches", "not of the form key=value")]
    [InlineData("rank..batches=1", "not of the form key=value")]
    [InlineData("=1", "not of the form key=value")]
    public void RefusesOverridesThatDoNotFit(string change, string expected)
    {
        FlextronException e = Assert.Throws<FlextronException>(() => Read("""{ "rank": {}, "title": "t" }""", change));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ApplyLeavesTheOriginalAndTakesTheLastOfEquals()
    {
        JsonNode settings = JsonNode.Parse("""{ "a": { "b": 1 }, "s": "x", "list": ["p", "q"], "empty": [] }""")!;
        JsonNode changed = SettingsOverrides.Apply(settings, ["a.b=2", "a.b=3", "s=\"null\"", "list.0= z ", "empty=1,two"]);
        Assert.Equal("""{"a":{"b":3},"s":"null","list":["z","q"],"empty":[1,"two"]}""", changed.ToJsonString());
        Assert.Equal("""{"a":{"b":1},"s":"x","list":["p","q"],"empty":[]}""", settings.ToJsonString());
    }

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("abcd", "acbd", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("same", "same", 0)]
    public void Distances(string a, string b, int expected) => Assert.Equal(expected, NearestName.Distance(a, b));

    private static Settings Read(string json, params string[] overrides)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["experiment.json"], json);
        return ExperimentFolder.Open(folder.Path).ReadSettings<Settings>(overrides);
    }
}
