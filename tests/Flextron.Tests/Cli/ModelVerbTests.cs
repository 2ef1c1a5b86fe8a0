using System.Text.Json;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;

namespace Flextron.Tests.Cli;

/// <summary>Verbs that read a model, against numbers known from elsewhere.</summary>
public sealed class ModelVerbTests
{
    private const string Lily = "Once upon a time, there was a little girl named Lily.";

    [Fact]
    public void ScoreGivesTheKnownLoss()
    {
        JsonElement json = CliRun.JsonOf("score", TestData.Shared("models/story656k-hf"), "--text", Lily);
        Assert.Equal([1, 80, 147, 201, 282, 215, 286, 598, 629, 10], json.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()));
        double[] logprobs = [.. json.GetProperty("logprobs").EnumerateArray().Select(l => l.GetDouble())];
        Assert.Equal(9, logprobs.Length);
        Assert.Equal(4.38769, json.GetProperty("meanNll").GetDouble(), 1e-4);
        Assert.Equal(4.38769, -logprobs.Average(), 1e-4);
        Assert.Equal(Math.Exp(4.38769), json.GetProperty("perplexity").GetDouble(), 0.01);
        Assert.Equal(4.38769 * 9 / Lily.Length, json.GetProperty("nllPerCharacter").GetDouble(), 1e-4);
    }

    [Fact]
    public void GenerateTellsTheKnownStory()
    {
        const string Story = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.";
        JsonElement json = CliRun.JsonOf("generate", TestData.Shared("models/stories260k"), "--temperature", "0", "--max-tokens", "80");
        Assert.StartsWith(Story, json.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(80, json.GetProperty("ids").GetArrayLength());
        Assert.True(json.GetProperty("tokensPerSecond").GetDouble() > 0);
        CliRun streamed = CliRun.Of("generate", TestData.Shared("models/stories260k/stories260K.bin"), "--prompt", "Once upon", "--max-tokens", "78");
        Assert.StartsWith(Story, streamed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void InspectSaysTheShape()
    {
        JsonElement json = CliRun.JsonOf("inspect", TestData.Shared("models/story656k-hf"));
        Assert.Equal("llama", json.GetProperty("family").GetString());
        int[] numbers = [.. ((string[])["blocks", "hiddenSize", "heads", "kvGroups", "neurons", "vocabulary"]).Select(k => json.GetProperty(k).GetInt32())];
        Assert.Equal([2, 128, 8, 4, 384, 2048], numbers);
        Assert.True(json.GetProperty("tied").GetBoolean());
        // 2048·128 embedding + 128 final norm + 2 blocks of (2 norms, 2 of 128², 2 of 64·128, 3 of 384·128).
        Assert.Equal(2048 * 128 + 128 + 2 * (2 * 128 + 2 * 128 * 128 + 2 * 64 * 128 + 3 * 384 * 128), json.GetProperty("parameters").GetInt64());
        JsonElement half = json.GetProperty("budgets").EnumerateArray().Single(b => b.GetProperty("budget").GetString() == "uniform:0.5");
        Assert.Equal(2048 * 128 + 128 + 2 * (2 * 128 + 2 * 64 * 128 + 2 * 32 * 128 + 3 * 192 * 128), half.GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void TokenizeGivesIdsAndTheirSpelling()
    {
        JsonElement json = CliRun.JsonOf("tokenize", TestData.Shared("models/story656k-hf"), "--text", Lily);
        Assert.Equal([1, 80, 147, 201, 282, 215, 286, 598, 629, 10], json.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()));
        Assert.Equal(10, json.GetProperty("tokens").GetArrayLength());
        Assert.Equal("<|start_story|>", json.GetProperty("tokens")[0].GetString());
    }

    [Fact]
    public void LowerPrecisionChangesTheLossLittle()
    {
        JsonElement json = CliRun.JsonOf("score", TestData.Shared("models/story656k-hf"), "--text", Lily, "--dtype", "bfloat16");
        Assert.Equal(4.38769, json.GetProperty("meanNll").GetDouble(), 0.05);
    }

    [Fact]
    public void ABudgetScoresTheMaskedReference()
    {
        using TemporaryFolder folder = TestData.Temporary();
        ModelConfig config = TinyModel.Save(folder["model"]);
        File.WriteAllText(folder["budget.json"], """{"blocks":[{"kvGroups":1,"neurons":7},{"kvGroups":2,"neurons":16}]}""");
        JsonElement json = CliRun.JsonOf("score", folder["model"], "--text", "Cat 3 sees dog", "--budget", folder["budget.json"]);
        int[] ids = [.. json.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
        double[,] logits = NaiveLlama.Logits(config, RandomLlama.Create(config, 1), ids, [new NaiveMask(1, 7), new NaiveMask(2, 16)]);
        Assert.Equal(NaiveLlama.MeanNll(logits, ids), json.GetProperty("meanNll").GetDouble(), 1e-4);
    }

    [Fact]
    public void ConvertingThereAndBackKeepsEveryWeight()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string start = TestData.Shared("models/stories260k/stories260K.bin");
        Assert.Equal(0, CliRun.JsonOf("convert", start, "--to", "hf", "--out", folder["hf"]).GetProperty("maxLogitDifference").GetDouble());
        Assert.Equal(0, CliRun.JsonOf("convert", folder["hf"], "--to", "llama2c", "--out", folder["back/model.bin"]).GetProperty("maxLogitDifference").GetDouble());
        using LoadedCheckpoint before = CheckpointLoader.Load(start), after = CheckpointLoader.Load(folder["back/model.bin"]);
        Assert.Equal(before.Config, after.Config);
        Assert.True(before.Weights.Flat.equal(after.Weights.Flat).all().item<bool>());
        Assert.Equal(
            CliRun.JsonOf("generate", start, "--max-tokens", "20").GetProperty("text").GetString(),
            CliRun.JsonOf("generate", folder["back/model.bin"], "--max-tokens", "20").GetProperty("text").GetString());
    }

    [Fact]
    public void ConvertGoesTheOtherWayRoundWithTheSameTexts()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string start = TestData.Shared("models/story656k-hf");
        Assert.InRange(CliRun.JsonOf("convert", start, "--to", "llama2c", "--out", folder["bin/model.bin"]).GetProperty("maxLogitDifference").GetDouble(), 0, 2e-5);
        Assert.Equal(0, CliRun.JsonOf("convert", folder["bin/model.bin"], "--to", "hf", "--out", folder["back"]).GetProperty("maxLogitDifference").GetDouble());
        string? told = CliRun.JsonOf("generate", start, "--max-tokens", "20", "--temperature", "0").GetProperty("text").GetString();
        Assert.NotEmpty(told!);
        foreach (string model in (string[])[folder["bin/model.bin"], folder["back"]])
            Assert.Equal(told, CliRun.JsonOf("generate", model, "--max-tokens", "20", "--temperature", "0").GetProperty("text").GetString());
    }

    [Fact]
    public void EvaluateReportsEveryTaskAndBudget()
    {
        using TemporaryFolder folder = TestData.Temporary();
        JsonElement json = CliRun.JsonOf("evaluate", TestData.Shared("models/story656k-hf"), "--tasks", "lambada_openai,arc_easy", "--limit", "5",
            "--budgets", "full,uniform:0.5", "--data", TestData.Shared("eval"), "--out", folder["scores.json"], "--samples", folder["samples"],
            "--figures", folder["figures"]);
        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        Assert.Equal(["lambada_openai full", "lambada_openai uniform:0.5", "arc_easy full", "arc_easy uniform:0.5"],
            results.Select(r => $"{r.GetProperty("task").GetString()} {r.GetProperty("budget").GetString()}"));
        Assert.All(results, r =>
        {
            Assert.Equal(5, r.GetProperty("docs").GetInt32());
            Assert.InRange(r.GetProperty("metrics").GetProperty("acc").GetDouble(), 0, 1);
            Assert.InRange(r.GetProperty("stderr").GetProperty("acc").GetDouble(), 0, 1);
            Assert.NotEmpty(r.GetProperty("promptHash").GetString()!);
            Assert.True(r.GetProperty("logprobSum").GetDouble() < 0);
        });
        Assert.Equal(results[0].GetProperty("promptHash").GetString(), results[1].GetProperty("promptHash").GetString());
        Assert.NotEqual(results[0].GetProperty("logprobSum").GetDouble(), results[1].GetProperty("logprobSum").GetDouble());
        Assert.Equal(4, Directory.GetFiles(folder["samples"]).Length);
        Assert.Equal(
            ["accuracy-arc_easy", "accuracy-lambada_openai", "margin-arc_easy", "margin_norm-arc_easy", "target_nll-arc_easy", "target_nll-lambada_openai"],
            Directory.GetFiles(folder["figures"], "*.svg").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal));
        JsonElement[] compared = [.. CliRun.JsonOf("compare", folder["scores.json"], folder["scores.json"]).GetProperty("comparisons").EnumerateArray()];
        Assert.Equal(4, compared.Length);
        Assert.All(compared, c => Assert.Equal(0, c.GetProperty("metrics")[0].GetProperty("difference").GetDouble()));
        Assert.Equal(4, JsonDocument.Parse(File.ReadAllText(folder["scores.json"])).RootElement.GetProperty("results").GetArrayLength());
    }

    [Fact]
    public void ShotsAreForTheTasksThatTakeThem()
    {
        string[] evaluate = ["evaluate", EmbeddedData.BaseModel, "--data", EmbeddedData.TinyWorld, "--limit", "2", "--shots", "1", "--tasks"];
        JsonElement[] results = [.. CliRun.JsonOf([.. evaluate, "tinyworld-piqa,tinyworld-mmlu,tinyworld-piqa", "--budgets", "full,full"]).GetProperty("results").EnumerateArray()];
        Assert.Equal([("tinyworld-piqa", 0), ("tinyworld-mmlu", 1)], results.Select(r => (r.GetProperty("task").GetString(), r.GetProperty("shots").GetInt32())));
        Assert.Contains("tinyworld-piqa is evaluated without examples", CliRun.Refusal([.. evaluate, "tinyworld-piqa"]), StringComparison.Ordinal);
    }

    [Fact]
    public void DoctorNamesWhatItLookedAt()
    {
        JsonElement json = CliRun.JsonOf("doctor");
        Assert.True(json.GetProperty("ok").GetBoolean());
        JsonElement[] checks = [.. json.GetProperty("checks").EnumerateArray()];
        string[] names = [.. checks.Select(c => c.GetProperty("name").GetString()!)];
        Assert.Superset(new HashSet<string> { ".NET runtime", "processor", "native library", "libtorch", "cuda", "float32 on cpu", "temporary folder" }, names.ToHashSet());
        Assert.All(checks, c => Assert.Equal(c.GetProperty("ok").GetBoolean(), c.GetProperty("fix").ValueKind == JsonValueKind.Null));
    }
}
