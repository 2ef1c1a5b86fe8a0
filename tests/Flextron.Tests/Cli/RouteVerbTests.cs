using System.Text.Json;
using Flextron.Elastic;
using Flextron.Selection;

namespace Flextron.Tests.Cli;

/// <summary>route, from a family to one whose routers choose for every token.</summary>
public sealed class RouteVerbTests
{
    [Fact]
    public void TrainingUnderRoutedTokensIsSavedAndReportsTheLossesOfWhatWasSaved()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder), table = Path.Combine(family, FamilyBundle.DecodeTableName);
        TinyModel.DecodeTable(family);
        // Documents enough to be parted.
        string[] lines = TinyModel.Text.TrimEnd('\n').Split('\n');
        File.WriteAllLines(folder["corpus.jsonl"], lines.Select((_, i) => JsonSerializer.Serialize(new { text = string.Join('\n', lines.Skip(i).Take(10)) })));
        JsonElement Route(string name, params string[] rest) => CliRun.JsonOf(
            ["route", family, "--table", table, "--corpus", folder["corpus.jsonl"], "--rounds", "1", "--networks", "12", "--windows", "2", "--steps", "0", "--out", folder[name], .. rest]);
        JsonElement still = Route("static"), tuned = Route("dynamic", "--dynamic", "--dynamic-steps", "6");
        Assert.Equal((0, 6), (still.GetProperty("dynamicSteps").GetInt32(), tuned.GetProperty("dynamicSteps").GetInt32()));
        JsonElement[] before = [.. still.GetProperty("points").EnumerateArray()], after = [.. tuned.GetProperty("points").EnumerateArray()];
        Assert.NotEmpty(before);
        Assert.DoesNotContain("NaN", tuned.GetRawText(), StringComparison.Ordinal);
        foreach ((JsonElement old, JsonElement point) in before.Zip(after))
        {
            // The static routers are the same, the weights are not.
            Assert.Equal(old.GetProperty("network").GetRawText(), point.GetProperty("network").GetRawText());
            Assert.NotEqual(old.GetProperty("measuredLoss").GetDouble(), point.GetProperty("measuredLoss").GetDouble());
            Assert.Equal(old.GetProperty("measuredLoss").GetDouble(), point.GetProperty("measuredLoss").GetDouble(), 0.5);
        }
        using (ElasticFamily saved = ElasticFamily.Load(folder["dynamic"])) Assert.Equal(6, saved.Manifest!.TrainedSteps);
        JsonElement kept = CliRun.JsonOf("generate", folder["dynamic"], "--prompt", "Cat 1 sees dog", "--max-tokens", "8", "--budget", "0.85", "--dynamic").GetProperty("dynamic");
        Assert.InRange(kept.GetProperty("worstRatio").GetDouble(), 0.1, 1 + 1e-9);
    }

    [Fact]
    public void StepsThatCannotBeAreRefusedBeforeAnythingIsLoaded()
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyModel.Save(folder["model"]);
        Assert.Contains("give --dynamic too", CliRun.Refusal("route", folder["model"], "--dynamic-steps", "5", "--out", folder["out"]), StringComparison.Ordinal);
        Assert.Contains("-1 steps", CliRun.Refusal("route", folder["model"], "--dynamic", "--dynamic-steps", "-1", "--out", folder["out"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));
    }
}
