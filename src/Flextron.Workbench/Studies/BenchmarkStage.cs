using Flextron.Data;
using Flextron.Elastic;
using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Models;
using Flextron.Storage;
using Flextron.Tokenization;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Scores the router's choices on benchmarks: all networks of a task in one pass, networks that several targets chose once.</summary>
internal static class BenchmarkStage
{
    public static StageResult? Run(ExperimentRun run, BenchmarkSettings settings, StageInput[] data, StageResult routed, StageResult curve)
    {
        if (settings.Tasks.Count == 0) return null;
        EvaluationTask[] tasks = [.. settings.Tasks.Select(TaskRegistry.Get)];
        return run.Stage("benchmarks", new { settings, scorer = ResultIdentity.CurrentScorer, versions = tasks.Select(t => t.Version).ToArray() }, [routed, curve, .. data], stage =>
        {
            string folder = Path.Combine(routed.Folder, ElastifyStage.Family);
            using ElasticFamily family = ElasticFamily.Load(folder);
            string model = ResultIdentity.HashOf(family.Model);
            Tokenizer tokenizer = TokenizerLoader.Load(folder);
            CurvePoint[] points = Spread([.. CurveStage.Points(curve).Where(p => p.Method == CurvePoint.Router)], settings.Budgets);
            SubNetwork[] networks = [.. points.Select(p => p.Network).Distinct()];
            DatasetLocator locator = DatasetLocator.FromEnvironment();
            var results = new List<BenchmarkPoint>();
            foreach (EvaluationTask task in tasks)
            {
                int shots = Math.Min(settings.Shots, task.MaxShots);
                PreparedTask prepared = Evaluator.Prepare(task, tokenizer, new EvaluationSettings { Limit = settings.Limit, Shots = shots }, locator);
                IReadOnlyList<TaskResult> scored = Evaluator.ScoreAll(prepared, family.Model, model, networks, stage.Progress);
                foreach (CurvePoint point in points)
                {
                    TaskResult result = scored[Array.IndexOf(networks, point.Network)];
                    SampleWriter.Write(stage.File(FormattableString.Invariant($"samples/{task.Name}-{point.TargetMs:0.000}ms.jsonl")), result);
                    results.Add(new BenchmarkPoint(point.TargetMs, point.MeasuredMs, point.Network, result));
                }
            }
            stage.WriteJson("benchmarks.json", results);
        });
    }

    /// <summary>The data of all tasks.</summary>
    /// <exception cref="FlextronException">Some are nowhere; the message says how to provide them.</exception>
    public static StageInput[] Data(BenchmarkSettings settings)
    {
        DatasetLocator locator = DatasetLocator.FromEnvironment();
        return [.. settings.Tasks.Select(TaskRegistry.Get).Select(t => Data(t, locator.Find(t)))];
    }

    /// <summary>All files that a task reads, labels and examples among them, by content.</summary>
    internal static StageInput Data(EvaluationTask task, string path) => new(
        task.Name, ContentHash.OfText(string.Join('\n', DatasetLocator.Files(task, path).Select(f => $"{f.Name} {ContentHash.OfFile(f.File)}"))), path);

    private static CurvePoint[] Spread(CurvePoint[] points, int count) =>
        count >= points.Length ? points : [.. Enumerable.Range(0, count).Select(i => points[count == 1 ? ^1 : i * (points.Length - 1) / (count - 1)])];
}
