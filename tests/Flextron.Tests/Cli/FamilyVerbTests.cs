using System.Text.Json;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Workbench.Experiments;
using TorchSharp;

namespace Flextron.Tests.Cli;

/// <summary>rank, elastify, train and export on a random model.</summary>
public sealed class FamilyVerbTests
{
    private static readonly string[] Training = ["--steps", "40", "--batch-size", "2", "--sequence-length", "16", "--warmup-steps", "2", "--learning-rate", "0.003", "--evaluate-every", "0", "--checkpoint-every", "7"];

    [Fact]
    public void RankingOrdersTheFamilyAndKeepsItsFunction()
    {
        using TemporaryFolder folder = TestData.Temporary();
        ModelConfig config = TinyModel.Save(folder["model"]);
        File.WriteAllText(folder["corpus.txt"], TinyModel.Text);
        JsonElement ranked = CliRun.JsonOf("rank", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["ranking"], "--tokens", "512");
        JsonElement block = ranked.GetProperty("blocks")[0];
        double[] heads = [.. block.GetProperty("heads").EnumerateArray().Select(h => h.GetDouble())], neurons = [.. block.GetProperty("neurons").EnumerateArray().Select(n => n.GetDouble())];
        Assert.Equal((config.HeadCount, config.NeuronCount), (heads.Length, neurons.Length));

        Assert.Equal(3, ranked.GetProperty("agreement")[0].GetProperty("variants").GetArrayLength());
        Assert.All((string[])["importance.json", "importance-report.json", "report.md", "report.html", "figures/neurons.svg", "figures/agreement.svg"], f => Assert.True(File.Exists(Path.Combine(folder["ranking"], f)), f));

        double difference = CliRun.JsonOf("elastify", folder["model"], "--ranking", folder["ranking"], "--out", folder["family"]).GetProperty("maxLogitDifference").GetDouble();
        Assert.InRange(difference, 0, 1e-4);
        // Row i of the family's gate projection is the row of the i-th most important neuron.
        using LoadedCheckpoint model = CheckpointLoader.Load(folder["model"]), family = CheckpointLoader.Load(folder["family"]);
        long best = Array.IndexOf(neurons, neurons.Max());
        Assert.True(family.Weights.Blocks[0].Gate_DC![0].equal(model.Weights.Blocks[0].Gate_DC![best]).all().item<bool>());
        int[] ids = [5, 80, 17, 200, 41];
        double[,] before = NaiveLlama.Logits(config, HfWeights.From(model.Weights), ids), after = NaiveLlama.Logits(config, HfWeights.From(family.Weights), ids);
        for (int v = 0; v < config.VocabularySize; v++) Assert.Equal(before[4, v], after[4, v], 1e-9);
    }

    [Fact]
    public void AnExportComputesWhatTheSliceComputes()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        JsonElement json = CliRun.JsonOf("export", family, "--budget", "uniform:0.5", "--to", folder["half"]);
        Assert.InRange(json.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        using LoadedCheckpoint half = CheckpointLoader.Load(folder["half"]);
        Assert.Equal(half.Weights.ParameterCount, json.GetProperty("parameters").GetInt64());
        double Loss(string model, string budget) =>
            CliRun.JsonOf("score", model, "--text", "Cat 1 sees dog 4 near the hill.", "--budget", budget).GetProperty("meanNll").GetDouble();
        Assert.Equal(Loss(family, "uniform:0.5"), Loss(folder["half"], "full"), 1e-5);
        Assert.NotEqual(Loss(family, "full"), Loss(folder["half"], "full"), 1e-3);
    }

    [Fact]
    public void UnevenWidthsAreExportedOnlyPadded()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        File.WriteAllText(folder["budget.json"], """{"blocks":[{"kvGroups":1,"neurons":8},{"kvGroups":2,"neurons":16}]}""");
        string line = CliRun.Refusal("export", family, "--budget", folder["budget.json"], "--to", folder["out"]);
        Assert.Contains("nearest uniform shape", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));

        JsonElement json = CliRun.JsonOf("export", family, "--budget", folder["budget.json"], "--to", folder["out"], "--pad");
        Assert.InRange(json.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        Assert.Equal((2, 16), (json.GetProperty("kvGroups").GetInt32(), json.GetProperty("neurons").GetInt32()));
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["out"], "config.json")));
        Assert.Equal("""[{"kvGroups":1,"neurons":8},{"kvGroups":2,"neurons":16}]""", config.RootElement.GetProperty("flextron_sub_network").GetProperty("blocks").GetRawText().ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public void AFamilyOfEveryAxisIsSelectedTrainedAndExported()
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyModel.Save(folder["model"]);
        File.WriteAllText(folder["corpus.txt"], TinyModel.Text);
        JsonElement ranked = CliRun.JsonOf("rank", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["ranking"], "--tokens", "512", "--depth", "--depth-windows", "4");
        int[] order = [.. ranked.GetProperty("depth").GetProperty("order").EnumerateArray().Select(b => b.GetInt32())];
        Assert.Equal([0, 1], order.Order());
        Assert.Equal(16, ranked.GetProperty("channels").GetArrayLength());

        string[] elastify = ["elastify", folder["model"], "--ranking", folder["ranking"], "--out", folder["family"]];
        JsonElement made = CliRun.JsonOf([.. elastify, "--widths", "0.5", "--depths", "1", "--steps", "2", "--skip-parts"]);
        Assert.InRange(made.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        Assert.Equal("[8,16]", made.GetProperty("choices").GetProperty("widths").GetRawText());
        JsonElement inspected = CliRun.JsonOf("inspect", folder["family"]);
        Assert.Equal("[0,1,2]", inspected.GetProperty("choices").GetProperty("kvGroups").GetRawText());
        Assert.Equal(2 * (9 + 81), inspected.GetProperty("subNetworks").GetDouble());
        JsonElement narrow = inspected.GetProperty("budgets").EnumerateArray().Single(b => b.GetProperty("width").GetInt32() == 8 && b.GetProperty("depth").GetInt32() == 1);

        // The most important channel stands first, in a family whose residual stream may be cut.
        double[] channels = [.. ranked.GetProperty("channels").EnumerateArray().Select(c => c.GetDouble())];
        using (LoadedCheckpoint model = CheckpointLoader.Load(folder["model"]), family = CheckpointLoader.Load(folder["family"]))
            Assert.True(family.Weights.Embedding_VC.select(1, 0).equal(model.Weights.Embedding_VC.select(1, Array.IndexOf(channels, channels.Max()))).all().item<bool>());

        JsonElement chosen = CliRun.JsonOf("select", folder["family"], "--budget", FormattableString.Invariant($"{narrow.GetProperty("parameters").GetInt64() / 1e3}K"), "--out", folder["choices.json"]);
        Assert.True(chosen.GetProperty("parameters").GetInt64() <= narrow.GetProperty("parameters").GetInt64());
        File.WriteAllText(folder["budget.json"], $$"""{"width":8,"blocks":[{{string.Join(',', Enumerable.Range(0, 2).Select(b => b == order[0] ? """{"kvGroups":1,"neurons":16}""" : """{"kvGroups":0,"neurons":0}"""))}}]}""");
        JsonElement exported = CliRun.JsonOf("export", folder["family"], "--budget", folder["budget.json"], "--to", folder["small"]);
        Assert.InRange(exported.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        Assert.Equal((8, 1), (exported.GetProperty("hiddenSize").GetInt32(), exported.GetProperty("blocks").GetInt32()));

        // Tables of prompts and of the decode engine know the narrower stream.
        foreach (string[] way in (string[][])[["--prompt-tokens", "8"], ["--decode"]])
        {
            JsonElement profiled = CliRun.JsonOf(["profile", folder["family"], "--out", folder["table.json"], "--seconds", "0", "--check", "3", .. way]);
            JsonElement narrower = Assert.Single(profiled.GetProperty("narrower").EnumerateArray());
            Assert.Equal(8, narrower.GetProperty("width").GetInt32());
            var halved = new SubNetwork([new BlockShape(2, 20), new BlockShape(2, 20)], 8);
            Assert.Equal(narrower.GetProperty("fullMs").GetDouble(), LatencyTable.Load(folder["table.json"]).Predict(halved), 1e-9);
            Assert.True(profiled.GetProperty("smallestMs").GetDouble() <= narrower.GetProperty("fullMs").GetDouble());
        }

        CliRun.JsonOf(["train", folder["family"], "--corpus", folder["corpus.txt"], "--out", folder["trained"], .. Training]);
        double Loss(string model) => CliRun.JsonOf("score", model, "--text", "Cat 1 sees dog 4 near the hill.", "--budget", folder["budget.json"]).GetProperty("meanNll").GetDouble();
        Assert.True(Loss(folder["trained"]) < Loss(folder["family"]) - 0.1);
    }

    [Theory]
    [InlineData("--widths", "8,17", "\"17\" in --widths")]
    [InlineData("--depths", "3", "\"3\" in --depths")]
    [InlineData("--neurons", "half", "\"half\" in --neurons")]
    [InlineData("--groups", "1.5", "\"1.5\" in --groups")]
    [InlineData("--depths", "1", "flextron rank")]
    public void ChoicesThatCannotBeMadeAreNamed(string option, string value, string message)
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyModel.Family(folder);
        Assert.Contains(message, CliRun.Refusal("elastify", folder["model"], "--ranking", folder["ranking"], "--out", folder["other"], option, value), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["other"]));
    }

    [Fact]
    public void TrainingLowersTheLossOfEveryBudget()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        JsonElement json = CliRun.JsonOf(["train", family, "--corpus", folder["corpus.txt"], "--out", folder["trained"], .. Training]);
        Assert.Equal(40, json.GetProperty("steps").GetInt32());
        JsonElement losses = json.GetProperty("lossPerBudget");
        foreach (string budget in (string[])["uniform:0.25", "uniform:0.5", "uniform:0.75", "uniform:1"])
            Assert.True(losses.GetProperty(budget).GetProperty("after").GetDouble() < losses.GetProperty(budget).GetProperty("before").GetDouble() - 0.2, losses.GetRawText());
        using ElasticFamily trained = ElasticFamily.Load(folder["trained"]);
        Assert.Equal(40, trained.Manifest!.TrainedSteps);
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (double?)i), MetricsLog.Read(Path.Combine(folder["trained"], "metrics.jsonl")).Select(r => r.Number("step")));
    }

    [Fact]
    public void AnInterruptedTrainingGoesOnAsIfNothingHadHappened()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder), corpus = folder["corpus.txt"];
        CliRun.JsonOf(["train", family, "--corpus", corpus, "--out", folder["straight"], .. Training]);

        string[] line = ["train", family, "--corpus", corpus, "--out", folder["broken"], .. Training];
        string metrics = Path.Combine(folder["broken"], "metrics.jsonl");
        CliRun stopped = CliRun.Stopped("training", 10, line);
        Assert.Equal(130, stopped.Code);
        Assert.Contains("--resume", stopped.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder["broken"], "model.safetensors")));
        Assert.Contains("--resume", CliRun.Refusal(line), StringComparison.Ordinal);
        Assert.Contains("learningRate", CliRun.Refusal([.. line.Select(a => a == "0.003" ? "0.1" : a), "--resume"]), StringComparison.Ordinal);

        // As after a crash: rows of steps that the checkpoint does not know.
        File.AppendAllText(metrics, "{\"step\":39,\"loss\":1}\n");
        JsonElement json = CliRun.JsonOf([.. line, "--resume"]);
        Assert.Equal(10, json.GetProperty("resumedFrom").GetInt32());
        using LoadedCheckpoint straight = CheckpointLoader.Load(folder["straight"]), resumed = CheckpointLoader.Load(folder["broken"]);
        Assert.True(straight.Weights.Flat.equal(resumed.Weights.Flat).all().item<bool>());
        Assert.Equal(
            File.ReadAllText(Path.Combine(folder["straight"], "metrics.jsonl")),
            File.ReadAllText(metrics));
    }
}
