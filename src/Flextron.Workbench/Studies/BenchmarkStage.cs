using Flextron.Data;
using Flextron.Elastic;
using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Tokenization;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Scores the router's choices on benchmarks.</summary>
internal static class BenchmarkStage
{
    public static StageResult? Run(ExperimentRun run, BenchmarkSettings settings, StageResult routed, StageResult curve)
    {
        if (settings.Tasks.Count == 0) return null;
        DatasetLocator locator = DatasetLocator.FromEnvironment();
        EvaluationTask[] tasks = [.. settings.Tasks.Select(TaskRegistry.Get)];
        StageInput[] data = [.. tasks.Select(t => StageInput.Of(locator.Find(t), t.Name))];
        return run.Stage("benchmarks", settings, [routed, curve, .. data], stage =>
        {
            string folder = Path.Combine(routed.Folder, ElastifyStage.Family);
            using ElasticFamily family = ElasticFamily.Load(folder);
            Tokenizer tokenizer = TokenizerLoader.Load(folder);
            CurvePoint[] points = Spread(CurveStage.Points(curve).Where(p => p.Method == CurvePoint.Router).ToArray(), settings.Budgets);
            var results = new List<BenchmarkPoint>();
            foreach (EvaluationTask task in tasks)
            {
                PreparedTask prepared = Evaluator.Prepare(task, tokenizer, new EvaluationSettings { Limit = settings.Limit }, locator);
                foreach (CurvePoint point in points)
                {
                    stage.Cancellation.ThrowIfCancellationRequested();
                    var scorer = new ContinuationScorer(new ElasticLogitsModel(family.Model, point.Network));
                    TaskResult result = Evaluator.Score(prepared, scorer, stage.Progress);
                    SampleWriter.Write(stage.File(FormattableString.Invariant($"samples/{task.Name}-{point.TargetMs:0.000}ms.jsonl")), result);
                    double[] margins = [.. result.Documents.Select(d => d.Margin).OfType<double>()];
                    results.Add(new BenchmarkPoint(
                        point.TargetMs, point.MeasuredMs.Median, result, margins.Length > 0 ? margins.Average() : null, result.Documents.Average(d => d.TargetNll)));
                }
            }
            stage.WriteJson("benchmarks.json", results);
        });
    }

    private static CurvePoint[] Spread(CurvePoint[] points, int count) =>
        count >= points.Length ? points : [.. Enumerable.Range(0, count).Select(i => points[count == 1 ? ^1 : i * (points.Length - 1) / (count - 1)])];
}
