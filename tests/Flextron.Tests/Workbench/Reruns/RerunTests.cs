using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Tests.Cli;
using Flextron.Tests.Workbench.Experiments;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;
using Flextron.Workbench.Reruns;

namespace Flextron.Tests.Workbench.Reruns;

public sealed class RerunTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public RerunTests() => SmallComparison.Write(folder);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ARunIsComputedAgainAndComesOutTheSameToTheLastBit()
    {
        string original = Original();
        // Settings come from the run, not from what the experiment says by now.
        File.WriteAllText(folder["experiment.json"], SmallComparison.Settings.Replace("\"steps\": 4", "\"steps\": 2", StringComparison.Ordinal));
        JsonElement json = CliRun.JsonOf("rerun", original, "--tolerance", "0");
        Assert.True(json.GetProperty("agrees").GetBoolean());
        JsonElement agreement = json.GetProperty("agreement");
        Assert.Equal(0, agreement.GetProperty("close").GetInt32());
        Assert.Equal(0, agreement.GetProperty("different").GetInt32());
        // Only the seconds of two arms with two seeds are times.
        Assert.Equal(4, agreement.GetProperty("measured").GetInt32());
        string again = json.GetProperty("rerun").GetString()!;
        Assert.All(RunRecord.Open(again).ReadProvenance().Stages, s => Assert.False(s.Reused, s.Name));
        Assert.Equal(File.ReadAllText(Path.Combine(original, "summary.json")), File.ReadAllText(Path.Combine(again, "summary.json")));
        Assert.Contains("The run repeats", File.ReadAllText(Path.Combine(again, "rerun.md")), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder["cache"], "reruns", "first")));

        // Every number of summary, tables and metrics was looked at.
        int numbers = File.ReadAllLines(Path.Combine(original, "tables", "losses.csv")).Length - 1;
        JsonElement losses = agreement.GetProperty("parts").EnumerateArray().Single(p => p.GetProperty("part").GetString() == "tables/losses");
        Assert.Equal(7 * numbers, losses.GetProperty("exact").GetInt32());
    }

    [Fact]
    public void WhatDiffersIsFoundAndJudgedByTheTolerance()
    {
        string original = Original();
        string summary = Path.Combine(original, "summary.json"), table = Path.Combine(original, "tables", "arms.csv");
        JsonObject values = JsonNode.Parse(File.ReadAllText(summary))!.AsObject();
        values["whole.base"]!["value"] = values["whole.base"]!["value"]!.GetValue<double>() + 3e-6;
        values["invented"] = 1.5;
        values.Remove("before.1");
        File.WriteAllText(summary, values.ToJsonString());
        File.WriteAllText(table, File.ReadAllText(table).Replace("base,1,4,", "base,1,5,", StringComparison.Ordinal));

        CliRun run = CliRun.Of("rerun", original, "--json");
        Assert.Equal(1, run.Code);
        JsonElement agreement = run.Json.GetProperty("agreement");
        Assert.Equal(1, agreement.GetProperty("close").GetInt32());
        Assert.Equal(3, agreement.GetProperty("different").GetInt32());
        Dictionary<string, string> differences = agreement.GetProperty("differences").EnumerateArray().ToDictionary(d => d.GetProperty("name").GetString()!, d => d.GetProperty("agreement").GetString()!);
        Assert.Equal(
            new Dictionary<string, string> { ["summary: whole.base"] = "close", ["summary: invented"] = "missing", ["summary: before.1"] = "added", ["tables/arms: row 1, steps"] = "different" }, differences);
        JsonElement strict = CliRun.Of("rerun", original, "--json", "--tolerance", "1e-7").Json;
        Assert.Equal(4, strict.GetProperty("agreement").GetProperty("different").GetInt32());
    }

    [Fact]
    public void DataThatHaveChangedAreRefusedBeforeAnythingIsComputed()
    {
        string original = Original();
        File.AppendAllText(folder["text.jsonl"], """{ "text": "One more cat." }""" + "\n");
        string refusal = CliRun.Of("rerun", original).Error;
        Assert.Contains("the text at", refusal, StringComparison.Ordinal);
        Assert.Contains("--changed-inputs", refusal, StringComparison.Ordinal);
        Assert.Equal([original], Directory.GetDirectories(folder["runs"]));
        CliRun anyway = CliRun.Of("rerun", original, "--changed-inputs", "--json");
        Assert.Equal(1, anyway.Code);
        JsonElement agreement = anyway.Json.GetProperty("agreement");
        Assert.True(agreement.GetProperty("different").GetInt32() > 0);
        Assert.Contains("input: text", agreement.GetProperty("environment").EnumerateArray().Select(e => e.GetProperty("what").GetString()));
    }

    [Fact]
    public void DataOfTheLastStageAreLookedAtBeforeTheFirst()
    {
        JsonNode settings = JsonNode.Parse("""{ "benchmarks": { "tasks": ["tinyworld-piqa", "tinyworld-lambada", "tinyworld-mmlu"] } }""")!;
        ExperimentFolder experiment = ExperimentFolder.Open(folder.Path);
        IReadOnlyList<StageInput> inputs = ExperimentKinds.Inputs(experiment, settings, "the test");
        Assert.Equal(["model", "tokenizer", "tinyworld-piqa", "tinyworld-lambada", "tinyworld-mmlu"], inputs.Select(i => i.Name));
        using (ExperimentRun run = experiment.StartRun(settings, new RunOptions { Name = "first" }))
        {
            // Recorded with other data of two of the tasks.
            run.Stage("benchmarks", null, [.. inputs.Select(i => i.Name is "tinyworld-lambada" or "tinyworld-mmlu" ? i with { Hash = new string('0', 64) } : i)], _ => { });
            run.Finish();
        }
        string refusal = CliRun.Refusal("rerun", Path.Combine(folder["runs"], "first"));
        Assert.Contains("the tinyworld-lambada at", refusal, StringComparison.Ordinal);
        Assert.Contains("the tinyworld-mmlu at", refusal, StringComparison.Ordinal);
        Assert.Contains($"begins with {inputs[3].Hash[..12]}, not with 000000000000", refusal, StringComparison.Ordinal);
        Assert.Contains("--changed-inputs", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("piqa", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("the model at", refusal, StringComparison.Ordinal);
        Assert.Equal("first", Path.GetFileName(Assert.Single(Directory.GetDirectories(folder["runs"]))));
        Assert.False(Directory.Exists(Path.Combine(folder["cache"], "reruns")));
    }

    [Fact]
    public void PointsOfAGridMayReadDifferentData()
    {
        File.WriteAllLines(folder["other.jsonl"], File.ReadLines(folder["text.jsonl"]).Reverse());
        string original = ExperimentKinds.Run(ExperimentFolder.Open(folder.Path), [], ["corpus.path=text.jsonl,other.jsonl"], new RunOptions { Name = "first" });
        Assert.True(CliRun.JsonOf("rerun", original, "--tolerance", "0").GetProperty("agrees").GetBoolean());
        File.AppendAllText(folder["other.jsonl"], """{ "text": "One more cat." }""" + "\n");
        string refusal = CliRun.Refusal("rerun", original);
        Assert.Contains("other.jsonl", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("text.jsonl", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void AnInterruptedRerunGoesOnAndSaysHow()
    {
        string original = Original();
        CliRun stopped = CliRun.Stopped("arm-one-seed1", 1, "rerun", original);
        Assert.Equal(130, stopped.Code);
        string interrupted = Directory.GetDirectories(folder["runs"]).Single(d => RunRecord.Open(d).Status.State == RunState.Interrupted);
        Assert.Contains($"run this to go on: flextron rerun {original}", File.ReadAllText(Path.Combine(interrupted, "log.txt")), StringComparison.Ordinal);
        string again = CliRun.JsonOf("rerun", original).GetProperty("rerun").GetString()!;
        Dictionary<string, bool> reused = RunRecord.Open(again).ReadProvenance().Stages.ToDictionary(s => s.Name, s => s.Reused);
        Assert.True(reused["arm-base-seed2"]);
        Assert.False(reused["arm-one-seed1"]);
        Assert.Contains("only a finished run", CliRun.Refusal("rerun", interrupted), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryStageIsComputedWithItsRecordedThreads()
    {
        string original = Original();
        string file = Path.Combine(original, "provenance.json");
        JsonObject provenance = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        // Tokenising computes nothing in libtorch, so that the test does not wait for threads.
        foreach (JsonNode? stage in provenance["stages"]!.AsArray()) stage!["threads"] = stage["name"]!.ToString() == "corpus" ? 3 : 0;
        File.WriteAllText(file, provenance.ToJsonString());
        int before = TorchSharp.torch.get_num_threads();
        RerunReport report = Rerun.Run(RunRecord.Open(original), new RerunOptions { Tolerance = 0 }, new RunOptions());
        Assert.All(report.Agreement.Stages, s => Assert.Equal(s.Name == "corpus" ? 3 : before, s.Threads));
        Assert.True(report.Agrees);
        Assert.Equal(before, TorchSharp.torch.get_num_threads());
    }

    [Theory]
    [InlineData(1.0, 1.0, false, Agreement.Exact)]
    [InlineData(double.NaN, double.NaN, false, Agreement.Exact)]
    [InlineData(1.0, 1.0009, false, Agreement.Close)]
    [InlineData(1.0, 1.0011, false, Agreement.Different)]
    [InlineData(1e-9, 2e-4, false, Agreement.Close)]
    [InlineData(5e11, 5.004e11, false, Agreement.Close)]
    [InlineData(5e11, 5.006e11, false, Agreement.Different)]
    [InlineData(1.0, double.NaN, false, Agreement.Different)]
    [InlineData(1.0, null, false, Agreement.Missing)]
    [InlineData(null, 1.0, false, Agreement.Added)]
    [InlineData(1.0, 9.0, true, Agreement.Measured)]
    public void NumbersAreJudged(double? before, double? now, bool measured, Agreement expected) =>
        Assert.Equal(expected, ComparedValue.Of("x", before, now, measured, 1e-3).Agreement);

    [Fact]
    public void WhatBuildsOnMeasuredTimesIsMarked()
    {
        using (ExperimentRun run = ExperimentFolder.Open(folder.Path).StartRun(new Dictionary<string, int>(), new RunOptions { Name = "marks" }))
        {
            StageResult train = run.Stage("train", null, [], _ => { });
            StageResult profile = run.Stage("profile", null, [train], s => File.WriteAllText(s.File("a"), "1"), measures: true);
            StageResult route = run.Stage("route", null, [train, profile], s => File.WriteAllText(s.File("b"), "1"));
            run.Stage("curve", null, [route], _ => { });
            run.MarkMeasured("latency.*", "tables/curve.ms");
            run.Finish();
        }
        RunProvenance provenance = RunRecord.Open(Path.Combine(folder["runs"], "marks")).ReadProvenance();
        Assert.Equal([false, true, true, true], provenance.Stages.Select(s => s.Measured));
        Assert.Equal([true, false, true, false], new[] { "latency.full", "loss", "tables/curve.ms", "tables/curve.loss" }.Select(provenance.IsMeasured));
    }

    private string Original()
    {
        ExperimentFolder experiment = ExperimentFolder.Open(folder.Path);
        return ExperimentKinds.Run(experiment, [], [], new RunOptions { Name = "first" });
    }
}
