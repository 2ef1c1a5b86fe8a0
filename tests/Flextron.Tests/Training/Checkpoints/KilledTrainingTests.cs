using System.Diagnostics;
using Flextron.Checkpoints;
using Flextron.Tests.Cli;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Training.Checkpoints;

/// <summary>Training in a process of its own that is killed without warning, again and again, ends with the weights of one that was left alone.</summary>
public sealed class KilledTrainingTests
{
    private const int Kills = 4;

    [Fact]
    public void KilledAtAnyMomentItEndsWhereItWouldHaveEnded()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string family = TinyModel.Family(folder);
        string[] Line(string name, int every) =>
        [
            "train", family, "--corpus", folder["corpus.txt"], "--out", folder[name], "--steps", "1500", "--batch-size", "2", "--sequence-length", "16", "--networks-per-step", "2",
            "--warmup-steps", "5", "--evaluate-every", "0", "--checkpoint-every", $"{every}", "--json",
        ];
        Assert.Equal(0, CliProcess.Finish(Line("straight", 100)));

        var random = new Random(5);
        int killed = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            using Process process = CliProcess.Start([.. Line("killed", 5), "--resume"]);
            // Into the training, which a first checkpoint shows, and then a moment further.
            string checkpoints = Path.Combine(folder["killed"], "checkpoints");
            string[] before = Manifests(checkpoints);
            while (!process.HasExited && Manifests(checkpoints).SequenceEqual(before)) Thread.Sleep(2);
            Thread.Sleep(random.Next(0, 60));
            if (process.HasExited) break;
            process.Kill();
            process.WaitForExit();
            if (process.ExitCode != 0) killed++;
        }
        Assert.True(killed >= 2, $"killed {killed} times only");
        Assert.Equal(0, CliProcess.Finish([.. Line("killed", 7), "--resume"]));

        using var scope = NewDisposeScope();
        using Flextron.Models.DecoderWeights straight = CheckpointLoader.Load(folder["straight"]).Weights, resumed = CheckpointLoader.Load(folder["killed"]).Weights;
        Assert.True(straight.Flat.equal(resumed.Flat).all().item<bool>());
    }

    private static string[] Manifests(string folder) => Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal)] : [];
}
