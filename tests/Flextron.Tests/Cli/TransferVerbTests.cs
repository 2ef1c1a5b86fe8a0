using System.Text.Json;
using Flextron.Checkpoints;
using Flextron.Mixers;
using Flextron.Models;

namespace Flextron.Tests.Cli;

/// <summary>transfer, and the other verbs on what it makes.</summary>
public sealed class TransferVerbTests
{
    [Fact]
    public void ATransferredModelIsTrainedScoredContinuedAndCut()
    {
        using var folder = new TemporaryFolder();
        ModelConfig config = TinyModel.Save(folder["model"]);
        File.WriteAllText(folder["corpus.txt"], TinyModel.Text);

        JsonElement made = CliRun.JsonOf("transfer", folder["model"], "--mixer", "gla", "--keep", "1", "--out", folder["linear"]);

        Assert.Equal(["gatedLinear", "attention"], made.GetProperty("mixers").EnumerateArray().Select(m => m.GetString()));
        using (LoadedCheckpoint loaded = CheckpointLoader.Load(folder["linear"]))
        {
            Assert.Equal([MixerKind.GatedLinear, MixerKind.Attention], loaded.Config.Mixers!.Kinds);
            Assert.Equal(loaded.Weights.ParameterCount, made.GetProperty("parameters").GetInt64());
        }
        JsonElement inspected = CliRun.JsonOf("inspect", folder["linear"]);
        Assert.Equal(made.GetProperty("parameters").GetInt64(), inspected.GetProperty("budgets").EnumerateArray().First(b => b.GetProperty("budget").GetString() == "uniform:1").GetProperty("parameters").GetInt64());

        JsonElement trained = CliRun.JsonOf(
            "train", folder["linear"], "--corpus", folder["corpus.txt"], "--out", folder["trained"], "--freeze", "--freeze-window", "5", "--freeze-threshold", "0.5", "--strategy", "full",
            "--networks-per-step", "1", "--distillation", "0", "--steps", "40", "--batch-size", "4", "--sequence-length", "16", "--learning-rate", "0.01", "--evaluate-every", "0");

        JsonElement whole = trained.GetProperty("lossPerBudget").GetProperty("uniform:1");
        Assert.True(whole.GetProperty("after").GetDouble() < whole.GetProperty("before").GetDouble() - 1, whole.ToString());
        Assert.Equal(3, trained.GetProperty("releases").GetArrayLength());

        JsonElement written = CliRun.JsonOf("generate", folder["trained"], "--prompt", "Cat 1 sees", "--max-tokens", "12", "--temperature", "0");
        int[] ids = [.. written.GetProperty("promptIds").EnumerateArray().Concat(written.GetProperty("ids").EnumerateArray()).Select(i => i.GetInt32())];
        JsonElement scored = CliRun.JsonOf("score", folder["trained"], "--text", "Cat 1 sees" + written.GetProperty("text").GetString());
        // What was generated greedily from a state is what one pass over the text finds most probable.
        if (ids.SequenceEqual(scored.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())))
            Assert.True(scored.GetProperty("meanNll").GetDouble() < 3);

        CliRun refused = CliRun.Of("export", folder["trained"], "--budget", "uniform:0.5", "--to", folder["half"]);
        Assert.Equal(1, refused.Code);
        Assert.Contains("keep it in the Flextron format", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["half"]));
        JsonElement exported = CliRun.JsonOf("export", folder["trained"], "--budget", "uniform:0.5", "--to", folder["half"], "--flextron");
        Assert.InRange(exported.GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        Assert.Equal(config.KvGroupCount / 2, exported.GetProperty("kvGroups").GetInt32());
    }

    [Theory]
    [InlineData("There is no mixer 'glaa'", "--mixer", "glaa")]
    [InlineData("'x' is not the number of a block", "--mixer", "gla", "--keep", "0,x")]
    [InlineData("Block 7 cannot keep its attention: the model's blocks are 0 to 1", "--mixer", "ssd", "--keep", "7")]
    public void WhatIsWrongIsNamed(string message, params string[] options)
    {
        using var folder = new TemporaryFolder();
        TinyModel.Save(folder["model"]);

        CliRun run = CliRun.Of(["transfer", folder["model"], "--out", folder["linear"], .. options]);

        Assert.Equal(1, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["linear"]));
    }

    [Fact]
    public void FreezingNeedsATransfer()
    {
        using var folder = new TemporaryFolder();
        string family = TinyModel.Family(folder);

        CliRun run = CliRun.Of("train", family, "--corpus", folder["corpus.txt"], "--out", folder["trained"], "--freeze");

        Assert.Equal(1, run.Code);
        Assert.Contains("There is no record of a transfer at", run.Error, StringComparison.Ordinal);
    }
}
