using System.Text.Json;
using Flextron.Checkpoints;
using Flextron.Cli.CommandLine;
using Flextron.Cli.Commands;
using Flextron.Inference;
using Flextron.MixtureOfDepths;
using Flextron.Models;

namespace Flextron.Tests.Cli;

/// <summary>mod, drop and plan on a random model.</summary>
public sealed class DepthVerbTests
{
    private static readonly string[] Training = ["--steps", "12", "--batch-size", "2", "--sequence-length", "16", "--learning-rate", "0.003"];

    [Fact]
    public void AConvertedModelTrainsDecodesAndGoesOn()
    {
        using TemporaryFolder folder = Model();
        JsonElement json = CliRun.JsonOf(["mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["mixture"], "--capacity", "0.25", .. Training]);
        Assert.Equal([1], json.GetProperty("routedBlocks").EnumerateArray().Select(b => b.GetInt32()));
        Assert.Equal(4, json.GetProperty("tokensPerSequence").GetInt32());
        JsonElement loss = json.GetProperty("loss");
        Assert.True(loss.GetProperty("topK").GetDouble() < loss.GetProperty("denseBefore").GetDouble());
        Assert.InRange(json.GetProperty("flopsShare").GetDouble(), 0.3, 0.97);
        Assert.Equal((1 + 0.25) / 2, json.GetProperty("cacheShare").GetDouble(), 1e-9);
        Assert.InRange(json.GetProperty("sampler").GetProperty("accuracy").GetDouble(), 0.5, 1);
        using (MixtureModel mixture = MixtureModel.Load(folder["mixture"]))
            Assert.Equal((0.25, RouterGate.OnePlus), (mixture.Settings.Capacity, mixture.Settings.Gate));

        JsonElement alone = CliRun.JsonOf(["mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["alone"], "--capacity", "0.25", "--predictor-steps", "60", .. Training]);
        Assert.Equal(loss.GetProperty("topK").GetDouble(), alone.GetProperty("loss").GetProperty("topK").GetDouble());
        Assert.True(alone.GetProperty("sampler").GetProperty("accuracy").GetDouble() > json.GetProperty("sampler").GetProperty("accuracy").GetDouble());
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder["mixture"], "model.safetensors")), File.ReadAllBytes(Path.Combine(folder["alone"], "model.safetensors")));

        JsonElement text = CliRun.JsonOf("generate", folder["mixture"], "--prompt", "Cat 1", "--max-tokens", "5", "--temperature", "0");
        Assert.InRange(text.GetProperty("ids").GetArrayLength(), 1, 5);
        JsonElement longer = CliRun.JsonOf(["mod", folder["mixture"], "--corpus", folder["corpus.txt"], "--out", folder["longer"], .. Training]);
        Assert.Equal(0.25, longer.GetProperty("capacity").GetDouble());
        Assert.True(longer.GetProperty("loss").GetProperty("topK").GetDouble() < loss.GetProperty("topK").GetDouble());
    }

    [Fact]
    public void AnInterruptedTrainingGoesOnToTheSameWeights()
    {
        using TemporaryFolder folder = Model();
        string[] Arguments(string to) => ["mod", folder["model"], "--from-scratch", "--corpus", folder["corpus.txt"], "--out", folder[to], .. Training];
        CliRun.JsonOf(Arguments("straight"));
        Assert.Equal(130, CliRun.Stopped("training", 5, Arguments("stopped")).Code);
        Assert.Contains("--resume", CliRun.Refusal(Arguments("stopped")), StringComparison.Ordinal);
        CliRun.JsonOf([.. Arguments("stopped"), "--resume"]);
        foreach (string name in (string[])["model.safetensors", MixtureModel.RoutersName])
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder["straight"], name)), File.ReadAllBytes(Path.Combine(folder["stopped"], name)));
    }

    [Fact]
    public void OtherVerbsDoNotRunAMixtureAsADenseModel()
    {
        using TemporaryFolder folder = Model();
        CliRun.JsonOf(["mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["mixture"], .. Training]);
        Assert.Contains("--decode", CliRun.Refusal("profile", folder["mixture"], "--out", folder["t.json"]), StringComparison.Ordinal);
        Assert.Contains("Mixture-of-Depths", CliRun.Refusal("route", folder["mixture"], "--corpus", folder["corpus.txt"], "--out", folder["x"]), StringComparison.Ordinal);
        Assert.Contains("mixture-latency.json", CliRun.Refusal("profile", folder["mixture"], "--decode", "--out", Path.Combine(folder["mixture"], "decode.json")), StringComparison.Ordinal);
        Assert.Contains("--capacity", CliRun.Refusal("mod", folder["mixture"], "--corpus", folder["corpus.txt"], "--out", folder["x"], "--capacity", "0.5"), StringComparison.Ordinal);
        Assert.Contains("--latency", CliRun.Refusal("generate", folder["mixture"], "--prompt", "Cat", "--latency", "0.5"), StringComparison.Ordinal);
        Assert.Contains("--dynamic", CliRun.Refusal("score", folder["mixture"], "--text", "Cat", "--dynamic"), StringComparison.Ordinal);
        Assert.Contains("no routers", CliRun.Refusal("score", folder["model"], "--text", "Cat", "--non-causal-top-k"), StringComparison.Ordinal);
        Assert.Contains("--flextron", CliRun.Refusal("export", folder["mixture"], "--budget", "uniform:0.5", "--to", folder["x"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["x"]));
        Assert.Contains("--sampler predictor", CliRun.Refusal("mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["x"], "--sampler", "auxiliary", "--predictor-steps", "5"), StringComparison.Ordinal);
        Assert.Contains("capacity is 2", CliRun.Refusal("mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["x"], "--capacity", "2"), StringComparison.Ordinal);
        Assert.Contains("every is 3", CliRun.Refusal("mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["x"], "--every", "3"), StringComparison.Ordinal);
        // Tools that know nothing of routers refuse the folder instead of computing a dense model.
        Assert.Contains("\"flextron\"", File.ReadAllText(Path.Combine(folder["mixture"], "config.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void AMixturesLatencyIsMeasuredByTheBlocksThatATokenPasses()
    {
        using TemporaryFolder folder = Model();
        CliRun.JsonOf(["mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["mixture"], "--capacity", "0.25", .. Training]);
        JsonElement json = CliRun.JsonOf("profile", folder["mixture"], "--decode", "--prompt-tokens", "8", "--generated-tokens", "6", "--seconds", "0.2", "--check", "3", "--out", Path.Combine(folder["mixture"], "mixture-latency.json"));
        Assert.Equal([0, 1], json.GetProperty("depths").EnumerateArray().Select(d => d.GetProperty("passed").GetInt32()));
        double[] steps = [.. json.GetProperty("depths").EnumerateArray().Select(d => d.GetProperty("decodeStepMs").GetDouble())];
        Assert.Equal(0.75 * steps[0] + 0.25 * steps[1], json.GetProperty("capacityStepMs").GetDouble(), 1e-9);
        Assert.Equal(json.GetProperty("prefillMs").GetDouble() + 6 * steps[1], json.GetProperty("fullMs").GetDouble(), 1e-9);
        Assert.Equal(3, json.GetProperty("heldOutError").GetProperty("networks").GetInt32());
        Assert.True(json.GetProperty("dense").GetProperty("decodeStepMs").GetDouble() > 0);
        // A table beside the model is nobody's trouble.
        CliRun.JsonOf("generate", folder["mixture"], "--prompt", "Cat", "--max-tokens", "2");
    }

    [Fact]
    public void AMixtureIsScoredEvaluatedAndExportedByItsCausalSampler()
    {
        using TemporaryFolder folder = Model();
        CliRun.JsonOf(["mod", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["mixture"], "--capacity", "0.25", "--sampler", "auxiliary", "--auxiliary-weight", "1", .. Training]);
        JsonElement inspected = CliRun.JsonOf("inspect", folder["mixture"]).GetProperty("mixture");
        Assert.Equal((0.25, "auxiliary"), (inspected.GetProperty("capacity").GetDouble(), inspected.GetProperty("sampler").GetString()));
        Assert.Equal(JsonValueKind.Null, CliRun.JsonOf("inspect", folder["model"]).GetProperty("mixture").ValueKind);
        const string Text = "Cat 1 sees dog 4 near the hill.";
        JsonElement causal = CliRun.JsonOf("score", folder["mixture"], "--text", Text), top = CliRun.JsonOf("score", folder["mixture"], "--text", Text, "--non-causal-top-k");
        using (MixtureModel mixture = MixtureModel.Load(folder["mixture"]))
        {
            int[] ids = [.. causal.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
            double Loss(ITokenSelector selector) => -TextScorer.LogProbabilities(mixture, ids, selector).Average();
            Assert.Equal(Loss(new CausalTokens()), causal.GetProperty("meanNll").GetDouble(), 1e-6);
            Assert.Equal(Loss(TopTokens.ByRouter(mixture.Settings)), top.GetProperty("meanNll").GetDouble(), 1e-6);
        }
        Assert.NotEqual(causal.GetProperty("meanNll").GetDouble(), top.GetProperty("meanNll").GetDouble(), 1e-6);
        Assert.Equal("causal sampler", causal.GetProperty("mixture").GetProperty("selection").GetString());
        Assert.Contains("not causal", top.GetProperty("mixture").GetProperty("selection").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, CliRun.JsonOf("score", folder["model"], "--text", Text).GetProperty("mixture").ValueKind);

        File.WriteAllText(folder["lambada.jsonl"], "{\"text\":\"Cat 1 sees dog 4 near the hill\"}\n{\"text\":\"Cat 2 sees dog\"}\n");
        JsonElement Evaluated(params string[] rest) => CliRun.JsonOf(["evaluate", folder["mixture"], "--tasks", "lambada_openai", "--data", folder["lambada.jsonl"], .. rest]);
        double Sum(JsonElement json) => json.GetProperty("results")[0].GetProperty("logprobSum").GetDouble();
        // The summed log-probability of a document is that of its last word in the scored text, whichever way tokens are chosen.
        int Tokens(string text) => CliRun.JsonOf("tokenize", folder["mixture"], "--text", text).GetProperty("ids").GetArrayLength();
        double Last(string text, string context, params string[] rest) => CliRun.JsonOf(["score", folder["mixture"], "--text", text, .. rest])
            .GetProperty("logprobs").EnumerateArray().TakeLast(Tokens(text) - Tokens(context)).Sum(l => l.GetDouble());
        foreach (string[] way in (string[][])[[], ["--non-causal-top-k"]])
        {
            JsonElement results = Evaluated(way);
            Assert.Equal(2, results.GetProperty("results")[0].GetProperty("docs").GetInt32());
            Assert.Equal(Last("Cat 1 sees dog 4 near the hill", "Cat 1 sees dog 4 near the", way) + Last("Cat 2 sees dog", "Cat 2 sees", way), Sum(results), 1e-4);
        }
        Assert.Equal(2, Evaluated("--budgets", "uniform:0.5,full").GetProperty("results").GetArrayLength());

        JsonElement export = CliRun.JsonOf("export", folder["mixture"], "--budget", "uniform:0.5", "--flextron", "--to", folder["half"]);
        Assert.InRange(export.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        double half = CliRun.JsonOf("score", folder["mixture"], "--text", Text, "--budget", "uniform:0.5").GetProperty("meanNll").GetDouble();
        Assert.Equal(half, CliRun.JsonOf("score", folder["half"], "--text", Text).GetProperty("meanNll").GetDouble(), 1e-5);
        string[] generate = ["generate", folder["half"], "--prompt", "Cat 1", "--max-tokens", "4", "--temperature", "0"];
        Assert.InRange(CliRun.JsonOf(generate).GetProperty("ids").GetArrayLength(), 1, 4);
        Assert.InRange(CliRun.JsonOf([.. generate, "--weights", "bfloat16"]).GetProperty("ids").GetArrayLength(), 1, 4);
    }

    [Fact]
    public void DroppedBlocksAreLayersLessAndHealingHelps()
    {
        using TemporaryFolder folder = Model();
        string[] drop = ["drop", folder["model"], "--corpus", folder["corpus.txt"], "--target", "block", "--count", "1", "--sequence-length", "16", "--tokens", "512"];
        JsonElement json = CliRun.JsonOf([.. drop, "--out", folder["dropped"]]);
        Assert.InRange(json.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        Assert.Equal(0.5, json.GetProperty("cacheShare").GetDouble(), 1e-9);
        using (LoadedCheckpoint dropped = CheckpointLoader.Load(folder["dropped"])) Assert.Equal(1, dropped.Config.BlockCount);
        double Loss(string model, string budget) => CliRun.JsonOf("score", model, "--text", "Cat 1 sees dog 4 near the hill.", "--budget", budget).GetProperty("meanNll").GetDouble();
        Assert.Equal(Loss(folder["model"], Path.Combine(folder["dropped"], DropCommand.ChoicesName)), Loss(folder["dropped"], "full"), 1e-5);

        JsonElement healed = CliRun.JsonOf([.. drop, "--out", folder["healed"], "--heal", "20", "--learning-rate", "0.003", "--batch-size", "2"]).GetProperty("loss");
        Assert.Equal(json.GetProperty("loss").GetProperty("dropped").GetDouble(), healed.GetProperty("dropped").GetDouble());
        Assert.True(healed.GetProperty("healed").GetDouble() < healed.GetProperty("dropped").GetDouble());
    }

    [Fact]
    public void PartsThatNoFormatCanLeaveOutNeedPadding()
    {
        using TemporaryFolder folder = Model();
        string[] drop = ["drop", folder["model"], "--corpus", folder["corpus.txt"], "--target", "joint", "--count", "2", "--sequence-length", "16", "--tokens", "512"];
        CliRun refused = CliRun.Of([.. drop, "--out", folder["plain"]]);
        Assert.Equal(1, refused.Code);
        Assert.Contains("padded with zeros", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--pad", CliRun.Refusal("drop", folder["model"], "--corpus", folder["corpus.txt"], "--target", "attention", "--count", "1", "--out", folder["plain"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["plain"]));
        JsonElement padded = CliRun.JsonOf([.. drop, "--out", folder["padded"], "--pad"]);
        Assert.Equal(2, padded.GetProperty("dropped").GetArrayLength());
        Assert.InRange(padded.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        Assert.Contains("choose 1 to 1", CliRun.Refusal("drop", folder["model"], "--corpus", folder["corpus.txt"], "--target", "block", "--count", "2", "--out", folder["x"]), StringComparison.Ordinal);
    }

    [Fact]
    public void PlansAreMadeOverTablesMeasuredHere()
    {
        using TemporaryFolder folder = Model();
        foreach (int batch in (int[])[1, 4])
            CliRun.JsonOf("profile", folder["model"], "--out", folder[$"table{batch}.json"], "--batch", $"{batch}", "--prompt-tokens", "8", "--generated-tokens", "8", "--seconds", "0.3", "--check", "3");
        File.WriteAllText(folder["requests.json"], """
            [{"name":"a","promptTokens":6,"generatedTokens":4,"deadlineMs":100000},{"name":"b","promptTokens":8,"generatedTokens":8,"deadlineMs":100000},
             {"name":"late","promptTokens":8,"generatedTokens":8,"deadlineMs":1e-6},{"name":"long","promptTokens":9,"generatedTokens":1,"deadlineMs":100000}]
            """);
        string[] plan = ["plan", "batch", folder["model"], "--requests", folder["requests.json"], "--tables", $"{folder["table1.json"]},{folder["table4.json"]}"];
        JsonElement json = CliRun.JsonOf([.. plan, "--memory", "10MB"]);
        Assert.Equal(["a", "b"], json.GetProperty("requests").EnumerateArray().Select(r => r.GetString()));
        Assert.True(json.GetProperty("isOptimal").GetBoolean());
        Assert.Equal(JsonValueKind.Null, CliRun.JsonOf([.. plan, "--memory", "1KB"]).GetProperty("network").ValueKind);
        Assert.Contains("not a memory size", CliRun.Refusal([.. plan, "--memory", "12ms"]), StringComparison.Ordinal);

        JsonElement offload = CliRun.JsonOf("plan", "offload", folder["model"], "--table", folder["table4.json"], "--local-gbs", "20", "--remote-gbs", "200", "--link-gbs", "10");
        double Of(string name) => offload.GetProperty(name).GetDouble();
        Assert.Equal(Of("restMs") + Of("remoteMs") + Of("linkMs"), Of("sequentialMs"), 1e-9);
        string[] limited = ["plan", "offload", folder["model"], "--table", folder["table4.json"], "--local-gbs", "20", "--remote-gbs", "200", "--link-gbs", "10", "--remote-memory"];
        Assert.Equal((JsonValueKind.Null, JsonValueKind.True), (offload.GetProperty("offloadedSequences").ValueKind, offload.GetProperty("offloadedFits").ValueKind));
        JsonElement small = CliRun.JsonOf([.. limited, "1KB", "--local-memory", "1GB"]);
        Assert.Equal(0, small.GetProperty("offloadedSequences").GetDouble());
        Assert.False(small.GetProperty("offloadedFits").GetBoolean());
        Assert.True(small.GetProperty("localFits").GetBoolean());
        foreach (string other in (string[])["12ms", "eight", "0MB"]) Assert.Contains($"'{other}' is not a memory size", CliRun.Refusal([.. limited, other]), StringComparison.Ordinal);
    }

    private static TemporaryFolder Model()
    {
        TemporaryFolder folder = TestData.Temporary();
        TinyModel.Save(folder["model"]);
        File.WriteAllText(folder["corpus.txt"], TinyModel.Text);
        return folder;
    }
}
