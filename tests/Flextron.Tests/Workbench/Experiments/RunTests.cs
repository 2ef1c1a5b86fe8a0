using Flextron.Storage;
using Flextron.Tests.Workbench.Display;
using Flextron.Workbench.Display;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class RunTests : IDisposable
{
    private sealed record Settings(int Width = 4, string Model = "tiny");

    private readonly TemporaryFolder _folder = TestData.Temporary();
    private readonly ManualClock _clock = new();
    private readonly ExperimentFolder _experiment;

    public RunTests()
    {
        File.WriteAllText(_folder["experiment.json"], """{ "width": 8 }""");
        _experiment = ExperimentFolder.Open(_folder["experiment.json"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ARunWritesDownWhatItWasAndIsReadBack()
    {
        File.WriteAllText(_folder["model.bin"], "weights");
        string modelHash;
        Settings settings = _experiment.ReadSettings<Settings>(["model=small"]);
        using (ExperimentRun run = _experiment.StartRun(settings, new RunOptions { Clock = _clock, Overrides = ["model=small"] }))
        {
            Assert.Equal(RunState.Running, _experiment.List().Single().Status.State);
            StageInput model = StageInput.Of(_folder["model.bin"], "model");
            modelHash = model.Hash;
            StageResult a = run.Stage("rank", settings.Width, [model], stage =>
            {
                stage.Metrics.Write(new { layer = 1 });
                stage.WriteJson("r.json", new[] { 3, 1 });
            });
            Assert.Equal([3, 1], a.ReadJson<int[]>("r.json"));
            run.Stage("train", settings, [model, a], _ => { });
            run.RecordSeed("train", 17);
            run.Metrics.Write(new { total = 2 });
            run.Summarize("loss", SummaryValue.OfMean(2, 0.5, 25));
            run.Summarize("speed", 12.5);
            run.WriteTable("t", ["a"], [[1]]);
            _clock.Advance(60);
            run.Finish();
        }

        RunRecord record = _experiment.List().Single();
        Assert.Matches("^20260304-050607-[0-9a-f]{6}$", record.Name);
        Assert.Equal((RunState.Finished, TimeSpan.FromMinutes(1)), (record.Status.State, record.Status.EndedUtc - record.Status.StartedUtc));
        Assert.Equal(new Settings(8, "small"), record.ReadSettings<Settings>());
        Assert.Equal(["rank", null], record.ReadMetrics().Select(r => r.Stage));
        RunProvenance provenance = record.ReadProvenance();
        Assert.Equal(new RunProvenance.InputRecord("model", modelHash), Assert.Single(provenance.Inputs));
        Assert.Equal(["rank", "train"], provenance.Stages.Select(s => s.Name));
        Assert.Equal(
            ContentHash.OfText(string.Join('\n', provenance.Stages[0].Files.Select(f => $"{f.Path} {f.Sha256}"))), provenance.Stages[1].Inputs[1].Sha256);
        Assert.Equal(17, provenance.Seeds["train"]);
        Assert.Equal(record.Name[^6..], provenance.SettingsSha256[..6]);
        Assert.Equal("a\n1\n", File.ReadAllText(Path.Combine(record.Folder, "tables", "t.csv")));
        IReadOnlyDictionary<string, SummaryValue> summary = record.ReadSummary();
        Assert.Equal(new SummaryValue(12.5), summary["speed"]);
        // t(0.975, 24) = 2.0639 from tables: the half width is 2.0639 · 0.5 / 5.
        Assert.Equal(2 - 0.20639, summary["loss"].Low!.Value, 4);
        Assert.Equal(2 + 0.20639, summary["loss"].High!.Value, 4);
        EnvironmentInfo environment = record.ReadEnvironment();
        Assert.Equal(Environment.ProcessorCount, environment.Cores);
        Assert.StartsWith("2.", environment.Libtorch, StringComparison.Ordinal);
        Assert.True(environment is { LibtorchThreads: > 0, MemoryBytes: > 1 << 20 });
        Assert.Contains("rank: done in", File.ReadAllText(Path.Combine(record.Folder, "log.txt")), StringComparison.Ordinal);
    }

    [Fact]
    public void ARunStopsAfterTheStageThatItIsAskedForAndTheNextGoesOn()
    {
        List<string> computed = [];
        void Run(string? until)
        {
            using ExperimentRun run = _experiment.StartRun(new Settings(), new RunOptions { Clock = _clock, Until = until });
            foreach (string stage in new[] { "a", "b", "c" }) run.Stage(stage, null, [], _ => computed.Add(stage));
            run.Finish();
        }

        RunStoppedException stopped = Assert.Throws<RunStoppedException>(() => Run("b"));
        Assert.Equal(("b", _experiment.List().Single().Folder), (stopped.Stage, stopped.Run));
        Assert.Equal((RunState.Interrupted, "a b"), (_experiment.List().Single().Status.State, string.Join(' ', computed)));
        Run(null);
        Assert.Equal("a b c", string.Join(' ', computed));
        Assert.Contains("its stages are a, b, c", Assert.Throws<FlextronException>(() => Run("d")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AReusedStageBringsItsMetricsIntoTheNewRun()
    {
        foreach (string name in new[] { "one", "two" })
        {
            using ExperimentRun run = _experiment.StartRun(new Settings(), new RunOptions { Name = name });
            run.Stage("rank", null, [], stage => stage.Metrics.Write(new { loss = 1.5 }));
            run.Finish();
        }
        MetricRow row = Assert.Single(_experiment.OpenRun("two").ReadMetrics());
        Assert.Equal(("rank", 1.5), (row.Stage, row.Number("loss")));
        Assert.True(_experiment.OpenRun("two").ReadProvenance().Stages.Single().Reused);
    }

    [Fact]
    public void NamesDoNotCollide()
    {
        var options = new RunOptions { Clock = _clock };
        using ExperimentRun a = _experiment.StartRun(new Settings(), options);
        using ExperimentRun b = _experiment.StartRun(new Settings(), options);
        a.Dispose();
        using ExperimentRun c = _experiment.StartRun(new Settings(), options);
        Assert.Equal([a.Name, $"{a.Name}-2", $"{a.Name}-3"], new[] { a.Name, b.Name, c.Name });

        using ExperimentRun given = _experiment.StartRun(new Settings(), new RunOptions { Name = "mine" });
        FlextronException e = Assert.Throws<FlextronException>(() => _experiment.StartRun(new Settings(), new RunOptions { Name = "mine" }));
        Assert.Contains("already has a run \"mine\"", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData(".hidden")]
    [InlineData("a b")]
    [InlineData("")]
    public void GivenNamesAreChecked(string name) =>
        Assert.Throws<FlextronException>(() => _experiment.StartRun(new Settings(), new RunOptions { Name = name }));

    [Fact]
    public void AnInterruptedRunSaysHowToGoOnAndFinishedStagesAreReused()
    {
        using var source = new CancellationTokenSource();
        using var written = new StringWriter();
        using (var display = new PlainProgressDisplay(written, _clock))
        {
            var options = new RunOptions { Name = "first", Display = display, Cancellation = source.Token, ContinueCommand = "flextron run x" };
            using ExperimentRun run = _experiment.StartRun(new Settings(), options);
            run.Stage("rank", null, [], _ => { });
            Assert.Throws<OperationCanceledException>(() => run.Stage("train", null, [], stage =>
            {
                source.Cancel();
                stage.Cancellation.ThrowIfCancellationRequested();
            }));
        }
        Assert.Equal(
            $"run first of {_experiment.Name}\nrank: done in 0.00 s\ntrain: interrupted in 0.00 s\n"
            + "Interrupted in the stage \"train\". Finished stages are kept; run this to go on: flextron run x\n", written.ToString());
        Assert.Equal(RunState.Interrupted, _experiment.OpenRun("first").Status.State);

        using ExperimentRun second = _experiment.StartRun(new Settings());
        Assert.True(second.Stage("rank", null, [], _ => { }).Reused);
        Assert.False(second.Stage("train", null, [], _ => { }).Reused);
    }

    [Fact]
    public void AFailedRunAndOneWhoseProcessDiedAreToldApart()
    {
        using (ExperimentRun run = _experiment.StartRun(new Settings(), new RunOptions { Name = "failed" }))
            Assert.Throws<FlextronException>(() => run.Stage("rank", null, [], _ => throw new FlextronException("no data")));
        Assert.Equal(RunState.Failed, _experiment.OpenRun("failed").Status.State);
        Assert.Contains("no data", File.ReadAllText(Path.Combine(_experiment.OpenRun("failed").Folder, "log.txt")), StringComparison.Ordinal);

        string died = Path.Combine(_experiment.RunsPath, "died");
        Directory.CreateDirectory(died);
        File.WriteAllText(Path.Combine(died, "state.json"), """{ "state": "running", "startedUtc": "2026-01-01T00:00:00Z" }""");
        Assert.Equal(RunState.Interrupted, _experiment.OpenRun("died").Status.State);
        Assert.Equal(["died", "failed"], _experiment.List().Select(r => r.Name));
        Assert.Contains("did you mean \"failed\"", Assert.Throws<FlextronException>(() => _experiment.OpenRun("faild")).Message, StringComparison.Ordinal);
    }
}
