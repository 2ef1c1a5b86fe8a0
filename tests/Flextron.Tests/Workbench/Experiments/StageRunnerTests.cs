using System.Text.Json.Nodes;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class StageRunnerTests : IDisposable
{
    private sealed record Settings(int Width, double Rate = 0.5);

    private readonly TemporaryFolder _folder = TestData.Temporary();
    private readonly List<string> _said = [];
    private int _computed;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AnUnchangedStageIsComputedOnce()
    {
        StageResult first = Run(Define());
        StageResult second = Run(Define());
        Assert.Equal(1, _computed);
        Assert.False(first.Reused);
        Assert.True(second.Reused);
        Assert.Equal(first.Folder, second.Folder);
        Assert.Equal("4", File.ReadAllText(second.File("out/value.txt")));
        Assert.Equal(first.Files, second.Files);
        Assert.Contains("reused", Assert.Single(_said), StringComparison.Ordinal);
    }

    [Fact]
    public void AnythingTheResultDependsOnChangesTheKey()
    {
        string model = Write("model.bin", "weights");
        StageResult upstream = Run(StageDefinition.Of("prepare", null, []));
        StageResult otherUpstream = Run(StageDefinition.Of("prepare", new Settings(1), []));
        string Key(object? settings, int version, params StageInput[] inputs) => StageDefinition.Of("rank", settings, inputs, version).Key;

        string key = Key(new Settings(4), 1, StageInput.Of(model, "model"), upstream);
        var others = new List<string>
        {
            Key(new Settings(5), 1, StageInput.Of(model, "model"), upstream),
            Key(new Settings(4), 2, StageInput.Of(model, "model"), upstream),
            Key(new Settings(4), 1, upstream, StageInput.Of(model, "model")),
            Key(new Settings(4), 1, StageInput.Of(model, "teacher"), upstream),
            Key(null, 1, StageInput.Of(model, "model"), upstream),
        };
        // What an earlier stage made counts, not how it was asked for.
        Assert.NotEqual(upstream.Key, otherUpstream.Key);
        Assert.Equal(key, Key(new Settings(4), 1, StageInput.Of(model, "model"), otherUpstream));
        string moved = Write("elsewhere/other-name.bin", "weights");
        Assert.Equal(key, Key(new Settings(4), 1, StageInput.Of(moved, "model"), upstream));
        // The order of the settings' properties is no difference.
        Assert.Equal(key, Key(JsonNode.Parse("""{ "rate": 0.5, "width": 4 }"""), 1, StageInput.Of(model, "model"), upstream));

        Write("model.bin", "Weights");
        others.Add(Key(new Settings(4), 1, StageInput.Of(model, "model"), upstream));
        Assert.Equal(7, others.Append(key).Distinct().Count());
        Assert.Matches("^[0-9a-f]{64}$", key);
    }

    [Fact]
    public void ChangedSettingsVersionOrInputAreComputedAgain()
    {
        Run(Define());
        Run(Define(width: 5));
        Run(Define(version: 2));
        Run(StageDefinition.Of("rank", new Settings(4), [StageInput.Of(Write("data.txt", "x"))]));
        Run(StageDefinition.Of("rank", new Settings(4), [StageInput.Of(Write("data.txt", "y"))]));
        Assert.Equal(5, _computed);
        Run(Define(width: 5));
        Assert.Equal(5, _computed);
    }

    [Theory]
    [InlineData("out/value.txt", "5", "out/value.txt has changed")]
    [InlineData("out/value.txt", null, "out/value.txt is missing")]
    [InlineData("stage.json", "{ torn", "is not a readable stage manifest")]
    [InlineData("stage.json", null, "There is no stage manifest")]
    [InlineData("stage.json", """{ "key": "0", "files": [] }""", "belongs to another stage")]
    public void ADamagedEntryIsComputedAgainAndSaidSo(string file, string? content, string expected)
    {
        StageResult first = Run(Define());
        string path = Path.Combine(first.Folder, file);
        if (content is null) File.Delete(path);
        else File.WriteAllText(path, content);

        StageResult second = Run(Define());
        Assert.Equal(2, _computed);
        Assert.False(second.Reused);
        Assert.Equal("4", File.ReadAllText(second.File("out/value.txt")));
        Assert.Contains(expected, Assert.Single(_said), StringComparison.Ordinal);
        Assert.True(Run(Define()).Reused);
    }

    [Fact]
    public void AManifestCannotPointOutsideItsEntry()
    {
        StageResult first = Run(Define());
        string manifest = Path.Combine(first.Folder, "stage.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("out/value.txt", "../../value.txt", StringComparison.Ordinal));
        Assert.False(Run(Define()).Reused);
        Assert.Contains("outside", Assert.Single(_said), StringComparison.Ordinal);
    }

    [Fact]
    public void AFailureLeavesNothing()
    {
        var e = Assert.Throws<InvalidOperationException>(() => Runner().Run(Define(), stage =>
        {
            File.WriteAllText(stage.File("half.txt"), "half");
            stage.Metrics.Write(new { step = 1 });
            throw new InvalidOperationException("boom");
        }));
        Assert.Equal("boom", e.Message);
        Assert.Equal(["locks"], Directory.EnumerateFileSystemEntries(_folder["cache"]).Select(Path.GetFileName));
        Assert.False(Run(Define()).Reused);
    }

    [Fact]
    public void WhatAKilledProcessLeftIsCleared()
    {
        string entry = Run(Define()).Folder;
        Directory.Move(entry, entry + ".tmp");
        File.WriteAllText(Path.Combine(entry + ".tmp", "stale.txt"), "stale");
        StageResult result = Run(Define());
        Assert.Equal(["out/value.txt"], result.Files.Select(f => f.Path));
        Assert.False(Directory.Exists(entry + ".tmp"));
    }

    [Fact]
    public void ConcurrentRunsComputeOnce()
    {
        int inside = 0, most = 0;
        var results = new StageResult[6];
        Thread[] threads = [.. Enumerable.Range(0, results.Length).Select(i => new Thread(() => results[i] = Runner().Run(Define(), stage =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            Interlocked.Increment(ref _computed);
            Thread.Sleep(150);
            File.WriteAllText(stage.File("a.txt"), "a");
            Interlocked.Decrement(ref inside);
        })))];
        foreach (Thread t in threads) t.Start();
        foreach (Thread t in threads) t.Join();
        Assert.Equal(1, _computed);
        Assert.Equal(1, most);
        Assert.Equal(5, results.Count(r => r.Reused));
        Assert.Contains(_said, s => s.Contains("waiting", StringComparison.Ordinal));
    }

    [Fact]
    public void WaitingForAnotherRunCanBeInterrupted()
    {
        using var source = new CancellationTokenSource();
        using var begun = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var thread = new Thread(() => Runner().Run(Define(), _ =>
        {
            begun.Set();
            release.Wait(TestContext.Current.CancellationToken);
        }));
        thread.Start();
        begun.Wait(TestContext.Current.CancellationToken);
        source.CancelAfter(50);
        Assert.Throws<OperationCanceledException>(() => CancellableRunner(source.Token).Run(Define(), Compute));
        release.Set();
        thread.Join();
        Assert.Equal(0, _computed);
    }

    [Fact]
    public void CheckpointsAndTheirMetricsOutliveAnInterruption()
    {
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => CancellableRunner(source.Token).Run(Define(), stage =>
        {
            for (int step = 1; ; step++)
            {
                stage.Metrics.Write(new { step });
                if (step == 2) File.WriteAllText(Path.Combine(stage.Checkpoints, "state.txt"), "2");
                if (step == 3) source.Cancel();
                stage.Cancellation.ThrowIfCancellationRequested();
            }
        }));

        StageResult result = Runner().Run(Define(), stage =>
        {
            int at = int.Parse(File.ReadAllText(Path.Combine(stage.Checkpoints, "state.txt")));
            stage.RestoreMetrics(row => row.Number("step") <= at);
            for (int step = at + 1; step <= 4; step++) stage.Metrics.Write(new { step });
        });
        Assert.Equal([1, 2, 3, 4], result.ReadMetrics().Select(r => r.Number("step")!.Value));
        Assert.Equal(["locks", Path.GetFileName(result.Folder)], Directory.EnumerateFileSystemEntries(_folder["cache"]).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a/../../x")]
    [InlineData("stage.json")]
    [InlineData("")]
    public void FilesStayInsideTheFolder(string name) =>
        Runner().Run(Define(), stage => Assert.ThrowsAny<ArgumentException>(() => stage.File(name)));

    [Theory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("")]
    public void StageNamesAreChecked(string name) => Assert.ThrowsAny<ArgumentException>(() => StageDefinition.Of(name, null, []));

    private static StageDefinition Define(int width = 4, int version = 1) => StageDefinition.Of("rank", new Settings(width), [], version);

    private StageRunner Runner() => CancellableRunner(TestContext.Current.CancellationToken);

    private StageRunner CancellableRunner(CancellationToken cancellation) => new(_folder["cache"], say: Hear, cancellation: cancellation);

    private StageResult Run(StageDefinition stage) => Runner().Run(stage, Compute);

    private void Hear(string text)
    {
        lock (_said) _said.Add(text);
    }

    private void Compute(StageContext stage)
    {
        _computed++;
        File.WriteAllText(stage.File("out/value.txt"), "4");
    }

    private string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], content);
        return _folder[name];
    }
}
