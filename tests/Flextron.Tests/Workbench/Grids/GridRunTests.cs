using System.Globalization;
using System.Text.Json;
using Flextron.Data.Records;
using Flextron.Tests.Cli;
using Flextron.Tests.Workbench.Experiments;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;

namespace Flextron.Tests.Workbench.Grids;

public sealed class GridRunTests : IDisposable
{
    private static readonly string[] Grid = ["training.learningRate=1e-3,1e-2", "corpus.seed=1,2,3"];

    private readonly TemporaryFolder folder = TestData.Temporary();

    public GridRunTests() => SmallComparison.Write(folder);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void PointsAreRunsAndSeedsAreTakenTogether()
    {
        RunRecord run = Run("grid");
        RunRecord[] points = [.. run.Points()];
        Assert.Equal(["001-learningRate-1e-3-seed-1", "002-learningRate-1e-3-seed-2"], points.Take(2).Select(p => p.Name));
        Assert.Equal(6, points.Length);
        Assert.All(points, p => Assert.Equal(RunState.Finished, p.Status.State));
        Assert.Equal([0.001, 0.01], points.Select(p => p.ReadSettings()["training"]!["learningRate"]!.GetValue<double>()).Distinct());

        // Means and intervals by hand: t(0.975, 2) = 4.3027.
        double[] low = [.. points.Take(3).Select(p => p.ReadSummary()["after.0.5"].Value)], high = [.. points.Skip(3).Select(p => p.ReadSummary()["after.0.5"].Value)];
        SummaryValue mean = run.ReadSummary()["after.0.5 @ learningRate = 1e-3"];
        double average = low.Average(), sd = Math.Sqrt(low.Sum(v => (v - average) * (v - average)) / 2);
        Assert.Equal(average, mean.Value, 1e-12);
        Assert.Equal(average - 4.302653 * sd / Math.Sqrt(3), mean.Low!.Value, 1e-6);
        Assert.Equal(3, mean.N);
        string[][] table = [.. CsvReader.Read(Path.Combine(run.Folder, "tables", "points.csv")).Select(r => r.Fields)];
        int column = Array.IndexOf(table[0], "after.0.5");
        Assert.Equal(low.Concat(high), table.Skip(1).Select(r => double.Parse(r[column], CultureInfo.InvariantCulture)));

        string report = File.ReadAllText(Path.Combine(run.Folder, "report.md"));
        double[] differences = [.. high.Zip(low, (h, l) => h - l)];
        Assert.Contains(differences.Average().ToString("+0.0000;−0.0000", CultureInfo.InvariantCulture), report, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run.Folder, "figures", "grid-after-0-5.svg")));
        Assert.True(File.Exists(Path.Combine(run.Folder, "figures", "grid-after-0-5.csv")));

        // The rate changes neither text nor ranking: they were computed for the first rate only.
        Assert.All(points[3].ReadProvenance().Stages, s => Assert.Equal(s.Name is "corpus" or "rank" or "elastify" or "before", s.Reused));
    }

    [Fact]
    public void PointsSideBySideComeOutAsOneByOne()
    {
        string Summary(string name, int parallel) => File.ReadAllText(Path.Combine(ExperimentKinds.Run(
            ExperimentFolder.Open(folder.Path), [], [Grid[0]], new RunOptions { Name = name, Parallel = parallel, StorePath = folder[name], ThreadsOf = _ => 1 }), "summary.json"));
        Assert.Equal(Summary("one", 1), Summary("two", 2));
    }

    [Fact]
    public void ArmsSideBySideComeOutAsOneByOne()
    {
        RunRecord Arms(string name, int parallel) => RunRecord.Open(ExperimentKinds.Run(
            ExperimentFolder.Open(folder.Path), [], [], new RunOptions { Name = name, Parallel = parallel, StorePath = folder[name], ThreadsOf = _ => 1 }));
        RunRecord one = Arms("one", 1), four = Arms("four", 4);
        Assert.Equal(File.ReadAllText(Path.Combine(one.Folder, "summary.json")), File.ReadAllText(Path.Combine(four.Folder, "summary.json")));
        Assert.Equal(one.ReadProvenance().Stages.Select(s => s.Name), four.ReadProvenance().Stages.Select(s => s.Name));
    }

    [Fact]
    public void AGridInTheFileIsRunAndRepeated()
    {
        File.WriteAllText(folder["experiment.json"], SmallComparison.Settings.Replace("\"seeds\"", "\"grid\": { \"training.steps\": [1, 2] }, \"seeds\"", StringComparison.Ordinal));
        string run = CliRun.JsonOf("run", folder.Path, "--name", "first").GetProperty("run").GetString()!;
        JsonElement again = CliRun.JsonOf("rerun", run, "--tolerance", "0");
        Assert.True(again.GetProperty("agrees").GetBoolean());
        Assert.Equal(2, RunRecord.Open(again.GetProperty("rerun").GetString()!).Points().Count);
        Assert.True(again.GetProperty("agreement").GetProperty("exact").GetInt32() > 40);
    }

    [Fact]
    public void NothingIsBegunWhereAPointCannotBeRun()
    {
        string refusal = CliRun.Refusal("run", folder.Path, "--grid", "training.steps=2,-1");
        Assert.Contains("point 2 of the grid", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["runs"]));
        Assert.Contains("did you mean", CliRun.Refusal("run", folder.Path, "--grid", "training.step=2,3"), StringComparison.Ordinal);
        Assert.Contains("--parallel is 0", CliRun.Refusal("run", folder.Path, "--parallel", "0"), StringComparison.Ordinal);
    }

    [Fact]
    public void AnInterruptedGridGoesOn()
    {
        CliRun stopped = CliRun.Stopped("arm-one-seed1", 1, "run", folder.Path, "--grid", Grid[0], "--parallel", "1");
        Assert.Equal(130, stopped.Code);
        RunRecord interrupted = Assert.Single(ExperimentFolder.Open(folder.Path).List());
        Assert.Equal(RunState.Interrupted, interrupted.Status.State);
        Assert.Contains($"flextron run {folder.Path} --grid {Grid[0]}", File.ReadAllText(Path.Combine(interrupted.Folder, "log.txt")), StringComparison.Ordinal);
        string run = CliRun.JsonOf("run", folder.Path, "--grid", Grid[0]).GetProperty("run").GetString()!;
        Assert.True(RunRecord.Open(run).Points()[0].ReadProvenance().Stages.Single(s => s.Name == "arm-base-seed1").Reused);
    }

    private RunRecord Run(string name) => RunRecord.Open(ExperimentKinds.Run(ExperimentFolder.Open(folder.Path), [], Grid, new RunOptions { Name = name }));
}
