using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Flextron.Tests.Cli;

namespace Flextron.Tests.Workbench.Kinds;

/// <summary>Experiments in processes of their own that are killed while they train, once in every part of a training, end with the bytes of those that were left alone.</summary>
public sealed partial class KilledExperimentTests : IDisposable
{
    private const string Text = """ "model": "model", "corpus": { "path": "text.jsonl", "calibrationShare": 0.2, "heldOutShare": 0.2, "windowLength": 16, "heldOutWindows": 6 }, """;

    private const string Transfer = $$"""
        {
          "kind": "transfer", {{Text}} "seeds": [1],
          "training": { "steps": 600, "batchSize": 2, "sequenceLength": 16, "strategy": "full", "networksPerStep": 1, "warmupSteps": 1, "learningRate": 5e-3, "distillationWeight": 0, "evaluateEvery": 60 },
          "arms": { "frozen": { "mixer": "retention", "freeze": { "window": 70, "threshold": 0.9 } } }
        }
        """;

    private const string Ways = $$"""
        {
          "kind": "ways", {{Text}} "seeds": [1], "targets": 2, "choiceWindows": 2, "rank": { "maximumTokens": 256 },
          "training": { "steps": 500, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 1, "learningRate": 1e-3, "distillationWeight": 0.5, "evaluateEvery": 0 },
          "profile": { "workload": { "batch": 2, "promptTokens": 16 }, "table": { "seconds": 0.1, "minimumRounds": 2, "warmUpSeconds": 0, "calibrationNetworks": 2 }, "heldOutNetworks": 3 },
          "arms": { "mod": { "way": "mixtureOfDepths", "capacity": 0.5 }, "base": { "way": "continued" }, "flextron": { "way": "flextron" } }
        }
        """;

    private const string Pretraining = """
        {
          "kind": "pretraining", "seeds": [1], "heldOutWindows": 4, "arms": { "cycle": { "vCycle": {} } },
          "pretraining": {
            "vocabularySize": 280, "tokenizerCharacters": 20000, "hiddenSize": 16, "blockCount": 2, "headCount": 4, "kvGroupCount": 2, "neuronCount": 32, "contextLength": 32, "batchSize": 2, "tokens": 50000
          }
        }
        """;

    private const string Mixture = """
        {
          "kind": "mixture-of-depths", "seeds": [1], "teraflops": 2e-3, "sequenceLength": 32, "batchSize": 2, "vocabularySize": 280, "tokenizerCharacters": 20000, "heldOutWindows": 4,
          "decodeTokens": 8, "decodeRounds": 1, "mixture": { "capacity": 0.25 }, "arms": ["mixture"], "predictorSteps": 300,
          "sizes": [{ "hiddenSize": 8, "blockCount": 2, "headCount": 2, "kvGroupCount": 1, "neuronCount": 16 }]
        }
        """;

    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Transfer, "arm-frozen-seed1", "", "")]
    [InlineData(Ways, "arm-mod-seed1", "", "")]
    [InlineData(Pretraining, "arm-cycle-seed1", "first", "small", "last")]
    [InlineData(Mixture, "mixture-8x2-seed1", "", "predictors")]
    public void KilledInEveryPartItEndsWithTheSameBytes(string experiment, string stage, params string[] parts)
    {
        foreach (string name in (string[])["straight", "killed"])
        {
            TinyModel.Save(folder[$"{name}/model"]);
            File.WriteAllLines(folder[$"{name}/text.jsonl"], Enumerable.Range(0, 300).Select(i => JsonSerializer.Serialize(new { text = string.Create(CultureInfo.InvariantCulture, $"Cat {i % 7} sees dog {i % 5} again.") })));
            File.WriteAllText(folder[$"{name}/experiment.json"], experiment);
        }
        string[] Line(string name) => ["run", folder[name], "--until", stage];
        Assert.Equal(0, CliProcess.Finish(Line("straight")));
        int kills = 0;
        foreach (string part in parts)
        {
            using Process process = CliProcess.Start(Line("killed"));
            string[] before = Checkpoints(part);
            while (!process.HasExited && Checkpoints(part).SequenceEqual(before)) Thread.Sleep(1);
            process.Kill();
            process.WaitForExit();
            if (process.ExitCode != 0) kills++;
        }
        Assert.Equal(parts.Length, kills);
        Assert.Equal(0, CliProcess.Finish(Line("killed")));

        string log = File.ReadAllText(Directory.GetFiles(folder["killed/runs"], "log.txt", SearchOption.AllDirectories).OrderBy(File.GetLastWriteTimeUtc).Last());
        Assert.All(parts, part => Assert.Contains($"{(part.Length > 0 ? $"{part}: " : "")}training goes on after step", log, StringComparison.Ordinal));
        (string Name, byte[] Bytes)[] straight = Stored("straight", stage), killed = Stored("killed", stage);
        Assert.Contains(straight, f => f.Name == "metrics.jsonl" && f.Bytes.Length > 0);
        Assert.Equal(straight.Select(f => f.Name), killed.Select(f => f.Name));
        Assert.All(straight.Zip(killed), f => Assert.Equal(f.First.Bytes, f.Second.Bytes));
        Assert.Empty(Directory.GetDirectories(folder["killed/cache"], "*.checkpoints"));
    }

    // Manifests of one part: the checkpoints' folder itself, or one inside it.
    private string[] Checkpoints(string part)
    {
        try
        {
            return !Directory.Exists(folder["killed/cache"]) ? [] : [.. Directory.GetFiles(folder["killed/cache"], "step-*.json", SearchOption.AllDirectories)
                .Where(f => Path.GetFileName(Path.GetDirectoryName(f)!) is var own && (part.Length > 0 ? own == part : own.EndsWith(".checkpoints", StringComparison.Ordinal)))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    // What the stage wrote, without the times in it.
    private (string Name, byte[] Bytes)[] Stored(string name, string stage)
    {
        string stored = Assert.Single(Directory.GetDirectories(folder[$"{name}/cache"], $"{stage}-*"));
        return [.. Directory.GetFiles(stored, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != "stage.json").Order(StringComparer.Ordinal).Select(f => (
            Path.GetRelativePath(stored, f), Path.GetFileName(f) == "outcome.json" ? System.Text.Encoding.UTF8.GetBytes(Seconds().Replace(File.ReadAllText(f), "")) : File.ReadAllBytes(f)))];
    }

    [GeneratedRegex("\"seconds\": [0-9.eE+-]+")]
    private static partial Regex Seconds();
}
