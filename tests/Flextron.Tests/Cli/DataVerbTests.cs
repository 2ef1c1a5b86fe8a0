using System.Text.Json;

namespace Flextron.Tests.Cli;

/// <summary>The <c>data</c> verb on the cache of this test run.</summary>
public sealed class DataVerbTests
{
    [Fact]
    public void AnAddedDatasetIsListedAndHasItsDocuments()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Directory.CreateDirectory(folder["winogrande"]);
        File.WriteAllText(folder["winogrande/dev.csv"], "sentence,option1,option2,answer\nThe _ ran.,cat,dog,1\nThe _ slept.,cat,dog,2\n");
        JsonElement added = CliRun.JsonOf("data", "add", "winogrande", folder["winogrande"]);
        Assert.Equal(2, added.GetProperty("documents").GetInt32());
        Assert.Equal("validation.csv", added.GetProperty("files")[0].GetProperty("name").GetString());

        JsonElement listed = CliRun.JsonOf("data", "list").GetProperty("datasets").EnumerateArray().Single(d => d.GetProperty("name").GetString() == "winogrande");
        Assert.Equal("cached (add)", listed.GetProperty("state").GetString());
        Assert.Equal(Path.Combine(added.GetProperty("path").GetString()!, "validation.csv"), listed.GetProperty("path").GetString());
        CliRun shown = CliRun.Of("data", "list");
        Assert.Equal(0, shown.Code);
        Assert.Contains("flextron data get wikitext", shown.Output, StringComparison.Ordinal);
        // What is there is not fetched again, so that this needs no network.
        JsonElement got = CliRun.JsonOf("data", "get", "winogrande").GetProperty("datasets")[0];
        Assert.False(got.GetProperty("fetched").GetBoolean());
    }

    [Fact]
    public void ATextIsTokenisedOnce()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        string[] Shards() => [.. CliRun.JsonOf("data", "list").GetProperty("corpora").EnumerateArray().Where(c => c.GetProperty("source").GetString()!.StartsWith(folder.Path, StringComparison.Ordinal))
            .SelectMany(c => Directory.GetFiles(c.GetProperty("folder").GetString()!, "*.ids")).Select(f => $"{f} {File.GetLastWriteTimeUtc(f).Ticks}").Order(StringComparer.Ordinal)];
        JsonElement Train(string name) => CliRun.JsonOf("train", family, "--corpus", folder["corpus.txt"], "--out", folder[name], "--steps", "1", "--sequence-length", "16", "--distillation", "0");

        JsonElement first = Train("one");
        string[] shards = Shards();
        Assert.NotEmpty(shards);
        Assert.Equal(first.GetProperty("lossPerBudget").GetRawText(), Train("two").GetProperty("lossPerBudget").GetRawText());
        Assert.Equal(shards, Shards());

        File.AppendAllText(folder["corpus.txt"], "One more cat.\n");
        Train("three");
        Assert.NotEqual(shards, Shards());
    }

    [Fact]
    public void MistakesAreNamed()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Contains("There is no dataset 'boolq': choose from arc_easy", CliRun.Refusal("data", "get", "boolq"), StringComparison.Ordinal);
        Assert.Contains("see 'flextron data --help'", CliRun.Refusal("data"), StringComparison.Ordinal);
        Assert.Contains("see 'flextron data get --help'", CliRun.Refusal("data", "get"), StringComparison.Ordinal);
        Assert.Contains("There are no data for mmlu at", CliRun.Refusal("data", "add", "mmlu", folder.Path), StringComparison.Ordinal);
        Assert.Contains("There is no file or folder", CliRun.Refusal("data", "add", "piqa", folder["none"]), StringComparison.Ordinal);
    }
}
