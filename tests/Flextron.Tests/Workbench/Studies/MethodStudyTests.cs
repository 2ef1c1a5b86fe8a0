using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Flextron.Elastic;
using Flextron.Tests.Cli;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Studies;

public sealed class MethodStudyTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WidthAndDepthAreAxesOfAStudy()
    {
        string experiment = Experiment("axes", 6, neurons: 1024);
        JsonElement json = CliRun.JsonOf("run", experiment, "--name", "run", "--set", "elastic.widths=[0.5]", "--set", "elastic.depths=[1]");
        string run = json.GetProperty("run").GetString()!;
        using ElasticFamily family = ElasticFamily.Load(Path.Combine(run, "checkpoints", "family"));
        Assert.Equal([8, 16], family.Space.Widths!.Value);
        Assert.Equal([1, 2], family.Space.Depths!.Value);

        // Every frame was measured before and after training, and is a result of the run.
        string[] frames = File.ReadAllLines(Path.Combine(run, "tables", "width-depth.csv"));
        Assert.Equal(["16,2", "16,1", "8,2", "8,1"], frames.Skip(1).Select(r => string.Join(',', r.Split(',')[..2])));
        JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement;
        Assert.Equal(
            summary.GetProperty("loss.after.1").GetProperty("value").GetDouble(), summary.GetProperty("loss.after.width16.depth2").GetProperty("value").GetDouble(), 1e-9);
        Assert.True(File.Exists(Path.Combine(run, "figures", "width-depth.svg")));

        // The table knows the narrower stream, so that budgets below the narrowest blocks can be met.
        string[][] curve = [.. File.ReadAllLines(Path.Combine(run, "tables", "curve.csv")).Select(l => l.Split(','))];
        string[][] every = [.. curve.Where(r => r[0] == "knapsack over all axes")];
        Assert.NotEmpty(every);
        Assert.All(curve.Skip(1).Where(r => r[0] == "knapsack"), r => Assert.DoesNotContain(" of 8", r[^1], StringComparison.Ordinal));
    }

    [Fact]
    public void AStudyKilledWhileItTrainsGoesOnAndEndsTheSame()
    {
        string straight = Experiment("straight", 1200), killed = Experiment("killed", 1200);
        Assert.Equal(0, CliProcess.Finish(Line(straight)));
        int kills = 0;
        while (kills < 3)
        {
            using Process process = CliProcess.Start(Line(killed));
            string[] before = Checkpoints(killed);
            while (!process.HasExited && Checkpoints(killed).SequenceEqual(before)) Thread.Sleep(2);
            Thread.Sleep(7 * kills);
            if (process.HasExited) break;
            process.Kill();
            process.WaitForExit();
            kills++;
        }
        Assert.True(kills >= 2, $"killed {kills} times only");
        Assert.Equal(0, CliProcess.Finish(Line(killed)));
        Assert.Contains("training goes on after step", File.ReadAllText(Directory.GetFiles(Path.Combine(killed, "runs"), "log.txt", SearchOption.AllDirectories).OrderBy(File.GetLastWriteTimeUtc).Last()), StringComparison.Ordinal);

        (string a, string b) = (Trained(straight), Trained(killed));
        foreach (string file in (string[])["metrics.jsonl", "family/model.safetensors"]) Assert.Equal(File.ReadAllBytes(Path.Combine(a, file)), File.ReadAllBytes(Path.Combine(b, file)));
        Assert.Equal(1200, MetricsLog.Read(Path.Combine(b, "metrics.jsonl")).Count);
        Assert.Empty(Directory.GetDirectories(Path.Combine(killed, "cache"), "*.checkpoints"));
    }

    private string Experiment(string name, int steps, int? neurons = null)
    {
        // Wide enough that the smallest network is faster than the whole one on any machine.
        TinyModel.Save(folder[$"{name}/model"], neurons: neurons);
        File.WriteAllLines(folder[$"{name}/text.jsonl"], Enumerable.Range(0, 300).Select(i =>
            JsonSerializer.Serialize(new { text = string.Create(CultureInfo.InvariantCulture, $"Cat {i} sees dog {i % 5} near the {(i % 3 == 0 ? "river" : "hill")}.") })));
        File.WriteAllText(folder[$"{name}/experiment.json"], string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "model": "model", "corpus": { "path": "text.jsonl", "calibrationShare": 0.2, "heldOutShare": 0.2, "windowLength": 16, "heldOutWindows": 4 },
              "rank": { "maximumTokens": 256, "randomOrders": 1 },
              "training": { "steps": {{steps}}, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 1, "learningRate": 1e-3, "evaluateEvery": 400 },
              "profile": { "workload": { "batch": 8, "promptTokens": 16 }, "table": { "minimumRounds": 5, "seconds": 0, "warmUpSeconds": 0, "minimumWindowMs": 0 }, "heldOutNetworks": 3 },
              "route": {
                "lossWindows": 2, "windowLength": 16, "surrogate": { "firstRoundNetworks": 24, "networksPerRound": 4, "rounds": 1, "routerSteps": 20, "warmStartSteps": 10 },
                "joint": { "training": { "steps": 2, "batchSize": 2, "sequenceLength": 16, "warmupSteps": 1, "evaluateEvery": 0 } }
              },
              "curve": { "targets": 2, "seconds": 0 }, "benchmarks": { "tasks": [] }
            }
            """));
        return folder[name];
    }

    private static string[] Checkpoints(string experiment) =>
        Directory.Exists(Path.Combine(experiment, "cache")) ? [.. Directory.GetFiles(Path.Combine(experiment, "cache"), "step-*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [];

    private static string Trained(string experiment) => Assert.Single(Directory.GetDirectories(Path.Combine(experiment, "cache"), "train-*"));

    private static string[] Line(string experiment) => ["run", experiment, "--until", "train"];
}
