using System.Globalization;
using System.Text.Json;
using Flextron.Tests.Cli;

namespace Flextron.Tests.Workbench.Experiments;

/// <summary>An experiment that takes a second: two arms with two seeds on a tiny random model.</summary>
internal static class SmallComparison
{
    public const string Settings = """
        {
          "kind": "joint-training", "model": "model", "baseline": "base", "mixedBudgets": 1, "seeds": [1, 2],
          "corpus": { "path": "text.jsonl", "calibrationShare": 0.2, "heldOutShare": 0.2, "windowLength": 16, "heldOutWindows": 6 },
          "rank": { "maximumTokens": 256 },
          "training": { "steps": 4, "batchSize": 2, "sequenceLength": 16, "networksPerStep": 2, "warmupSteps": 1, "learningRate": 3e-3, "evaluateEvery": 0 },
          "arms": { "base": {}, "one": { "training": { "strategy": "random", "networksPerStep": 1 } } },
          "comparisons": [{ "name": "all", "question": "Ways", "arms": ["base", "one"] }]
        }
        """;

    /// <summary>Writes settings, model and text.</summary>
    public static void Write(TemporaryFolder folder)
    {
        TinyModel.Save(folder["model"]);
        File.WriteAllLines(folder["text.jsonl"], Enumerable.Range(0, 300).Select(i =>
            JsonSerializer.Serialize(new { text = string.Create(CultureInfo.InvariantCulture, $"Cat {i} sees dog {i % 5} near the {(i % 3 == 0 ? "river" : "hill")}.") })));
        File.WriteAllText(folder["experiment.json"], Settings);
    }
}
