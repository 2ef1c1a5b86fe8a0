using System.Text.Json;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Selection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Flextron.Tests.Cli;

/// <summary>generate and score with budgets per token, dynamic routers, and prompts typed one by one.</summary>
public sealed class GenerateVerbTests
{
    private static readonly string[] Profile = ["--seconds", "0", "--check", "3"];

    [Fact]
    public void ALatencyPerTokenIsKeptByTheFamilysDecodeTable()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        JsonElement profile = CliRun.JsonOf(["profile", family, "--decode", "--out", Path.Combine(family, FamilyBundle.DecodeTableName), .. Profile]);
        Assert.Equal("decode engine, float32 weights", profile.GetProperty("key").GetProperty("engine").GetString());
        // Real tables of so small a model are noise; one of plain numbers in its place says what has to come out.
        LatencyTable table = TinyModel.DecodeTable(family);
        double full = table.DecodeStepCosts().Cost(Load(family, f => f.Space.Largest)), least = table.DecodeStepCosts().Cost(Load(family, f => f.Space.Smallest));
        JsonElement half = CliRun.JsonOf("generate", family, "--prompt", "Cat", "--max-tokens", "4", "--latency", FormattableString.Invariant($"{(full + least) / 2}ms"));
        Assert.InRange(half.GetProperty("predictedMs").GetDouble(), least, (full + least) / 2);
        JsonElement whole = CliRun.JsonOf("generate", family, "--prompt", "Cat", "--max-tokens", "4", "--latency", "1");
        Assert.Equal(full, whole.GetProperty("predictedMs").GetDouble(), 1e-9);
        Assert.NotEqual(whole.GetProperty("network").GetString(), half.GetProperty("network").GetString());
        Assert.Equal(CliRun.JsonOf("generate", family, "--prompt", "Cat", "--max-tokens", "4").GetProperty("ids").GetRawText(), whole.GetProperty("ids").GetRawText());
        Assert.Contains("below the smallest", CliRun.Refusal("generate", family, "--latency", "0.000001ms"), StringComparison.Ordinal);
        Assert.Contains("no latency per token", CliRun.Refusal("generate", family, "--latency", "5M"), StringComparison.Ordinal);
        Assert.Contains("give one of them", CliRun.Refusal("generate", family, "--latency", "0.5", "--budget", "0.5"), StringComparison.Ordinal);
    }

    [Fact]
    public void RoutersKeepTheBudgetOfEveryTokenAndScoreWhatTheyGenerate()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        Assert.Contains("flextron route --dynamic", CliRun.Refusal("generate", family, "--dynamic"), StringComparison.Ordinal);
        TinyModel.DecodeTable(family);
        SaveRouters(family);
        JsonElement json = CliRun.JsonOf("generate", family, "--prompt", "Cat 1 sees", "--max-tokens", "12", "--latency", "0.8", "--dynamic").GetProperty("dynamic");
        Assert.InRange(json.GetProperty("worstRatio").GetDouble(), 0.1, 1 + 1e-9);
        Assert.True(json.GetProperty("meanMs").GetDouble() <= json.GetProperty("targetMs").GetDouble() * (1 + 1e-9));
        Assert.Contains("budget of time", CliRun.Refusal("generate", family, "--budget", "uniform:0.5", "--dynamic"), StringComparison.Ordinal);
        // Several texts at once: each the one that it is alone, with an account of its own.
        string[] prompts = ["Cat 1 sees", "dog 4"];
        JsonElement[] texts = [.. CliRun.JsonOf(["generate", family, "--max-tokens", "12", "--latency", "0.8", "--dynamic", .. prompts.SelectMany(p => (string[])["--prompt", p])]).GetProperty("texts").EnumerateArray()];
        foreach ((string prompt, JsonElement text) in prompts.Zip(texts))
        {
            JsonElement alone = CliRun.JsonOf("generate", family, "--prompt", prompt, "--max-tokens", "12", "--latency", "0.8", "--dynamic");
            Assert.Equal(alone.GetProperty("ids").GetRawText(), text.GetProperty("ids").GetRawText());
            Assert.Equal(alone.GetProperty("dynamic").GetRawText(), text.GetProperty("dynamic").GetRawText());
        }

        File.Copy(Path.Combine(family, FamilyBundle.DecodeTableName), Path.Combine(family, FamilyBundle.TableName));
        JsonElement score = CliRun.JsonOf("score", family, "--text", "Cat 1 sees dog 4 near the hill.", "--budget", "0.8", "--dynamic");
        Assert.InRange(score.GetProperty("dynamic").GetProperty("worstRatio").GetDouble(), 0.1, 1 + 1e-9);
        Assert.Equal(score.GetProperty("ids").GetArrayLength() - 1, score.GetProperty("logprobs").GetArrayLength());
        double fixedLoss = CliRun.JsonOf("score", family, "--text", "Cat 1 sees dog 4 near the hill.").GetProperty("meanNll").GetDouble();
        Assert.NotEqual(fixedLoss, score.GetProperty("meanNll").GetDouble(), 1e-6);
    }

    [Fact]
    public void BudgetsAndSettingsChangeBetweenPromptsOfADialogue()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        string Text(params string[] rest) => CliRun.JsonOf(["generate", family, "--prompt", "Cat 1", .. rest]).GetProperty("text").GetString()!;
        CliRun run = CliRun.Typing(
            ["Cat 1", "/max-tokens 5", "Cat 1", "/budget uniform:0.5", "Cat 1", "/temperature 0.9", "/seed 4", "Cat 1", "/budget nonsense", "/top-p 7", "/flub", "/stop", "/settings", "", "/quit", "never read"],
            "generate", family, "--interactive", "--max-tokens", "6");
        Assert.Equal(0, run.Code);
        string[] expected =
        [
            Text("--max-tokens", "6"), Text("--max-tokens", "5"), Text("--max-tokens", "5", "--budget", "uniform:0.5"),
            Text("--max-tokens", "5", "--budget", "uniform:0.5", "--temperature", "0.9", "--seed", "4"),
        ];
        Assert.Equal("> " + string.Concat(expected.Select((t, i) => $"{t}\n{string.Concat(Enumerable.Repeat("> ", new[] { 2, 2, 3, 7 }[i]))}")), run.Output.ReplaceLineEndings("\n"));
        Assert.All((string[])["\"nonsense\" is not a budget", "top-p of 7", "no /flub", "temperature 0.9", "stopped: token limit"], m => Assert.Contains(m, run.Error, StringComparison.Ordinal));

        // An end of the input ends the dialogue; /more goes on where the last text stopped.
        CliRun more = CliRun.Typing(["Cat 1", "/more"], "generate", family, "--interactive", "--max-tokens", "3");
        string first = Text("--max-tokens", "3");
        string second = CliRun.JsonOf("generate", family, "--prompt", "Cat 1" + first, "--max-tokens", "3").GetProperty("text").GetString()!;
        Assert.Equal($"> {first}\n> {second}\n> ", more.Output.ReplaceLineEndings("\n"));
        Assert.Contains("leave --json", CliRun.Refusal("generate", family, "--interactive", "--prompt", "Cat"), StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralPromptsAreContinuedAtOnce()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        string[] prompts = ["Cat 1", "", "dog 4 near"];
        JsonElement json = CliRun.JsonOf(["generate", family, "--max-tokens", "7", .. prompts.SelectMany(p => (string[])["--prompt", p])]);
        JsonElement[] texts = [.. json.GetProperty("texts").EnumerateArray()];
        Assert.True(json.GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.Equal(prompts, texts.Select(t => t.GetProperty("prompt").GetString()));
        foreach ((string prompt, JsonElement text) in prompts.Zip(texts))
        {
            JsonElement alone = CliRun.JsonOf("generate", family, "--max-tokens", "7", "--prompt", prompt);
            Assert.Equal(alone.GetProperty("ids").GetRawText(), text.GetProperty("ids").GetRawText());
            Assert.Equal(alone.GetProperty("text").GetString(), text.GetProperty("text").GetString());
        }
    }

    private static T Load<T>(string path, Func<ElasticFamily, T> of)
    {
        using ElasticFamily family = ElasticFamily.Load(path);
        return of(family);
    }

    private static void SaveRouters(string path)
    {
        using ElasticFamily family = ElasticFamily.Load(path);
        using var start = new StaticRouters(family.Space.Blockwise);
        using var routers = new DynamicRouters(start, family.Model.Config.HiddenSize);
        using (no_grad())
        {
            using Generator generator = new(1);
            foreach (Parameter parameter in routers.Parameters) parameter.add_(randn(parameter.shape, generator: generator));
        }
        RoutingCosts costs = RoutingCosts.Of(LatencyTable.Load(Path.Combine(path, FamilyBundle.DecodeTableName)), family.Space.Blockwise);
        routers.Budgets = new LayerBudgets([0, 1], [.. Enumerable.Range(0, 2).Select(_ => (IReadOnlyList<double>)[.. costs.Layers().Select(c => c.Average())])]);
        string folder = Path.Combine(path, FamilyBundle.RoutersName);
        start.Save(folder);
        routers.Save(folder);
    }
}
