using Flextron.Evaluation.Tasks;

namespace Flextron.Evaluation;

/// <summary>Which metrics a task has, from the outcomes of its documents.</summary>
internal static class TaskMetrics
{
    /// <summary>All metrics, the benchmark's own first, then those of the loss, which still move where a small model's accuracy is at chance.</summary>
    /// <param name="kind">How the task is scored.</param>
    /// <param name="lengthNormalized">Whether accuracies by length are among its metrics.</param>
    /// <param name="documents">Outcomes.</param>
    public static IReadOnlyList<MetricSeries> Of(TaskKind kind, bool lengthNormalized, IReadOnlyList<DocumentResult> documents)
    {
        MetricSeries Mean(string name, Func<DocumentResult, double> value) => new(name, [.. documents.Select(value)]);
        MetricSeries Accuracy(string name, Func<DocumentResult, bool> right) => Mean(name, d => right(d) ? 1 : 0) with { Binary = true };
        MetricSeries nll = Mean("target_nll", d => d.TargetNll);
        if (kind == TaskKind.Text)
        {
            double[] words = [.. documents.Select(d => (double)d.Words!)], bytes = [.. documents.Select(d => (double)d.Bytes!)];
            return
            [
                nll with { Name = "word_perplexity", Weights = words, Exponential = true },
                nll with { Name = "byte_perplexity", Weights = bytes, Exponential = true },
                Mean("bits_per_byte", d => d.TargetNll / Math.Log(2)) with { Weights = bytes },
            ];
        }
        var metrics = new List<MetricSeries> { Accuracy("acc", d => d.Correct) };
        if (lengthNormalized)
        {
            metrics.Add(Accuracy("acc_norm", d => d.CorrectNormalized));
            metrics.Add(Accuracy("acc_bytes", d => d.CorrectPerByte));
        }
        if (kind == TaskKind.LastWord)
        {
            metrics.Add(nll with { Name = "perplexity", Exponential = true });
        }
        else
        {
            metrics.Add(Mean("margin", d => d.Margin!.Value));
            if (lengthNormalized) metrics.Add(Mean("margin_norm", d => d.MarginNormalized!.Value));
        }
        metrics.Add(nll);
        return metrics;
    }
}
