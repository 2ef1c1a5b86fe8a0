using Flextron.Evaluation.Tasks;

namespace Flextron.Evaluation;

/// <summary>Compares results document by document.</summary>
public static class ResultComparison
{
    /// <summary>
    /// Paired bootstrap: documents are drawn with replacement, the same for both results, so that what makes a document hard for both cancels.
    /// </summary>
    /// <param name="a">A result with its documents.</param>
    /// <param name="b">Another on the same prompts.</param>
    /// <param name="samples">Bootstrap samples.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <exception cref="FlextronException">They are not of the same prompts and right answers, or documents are missing.</exception>
    public static IReadOnlyList<MetricDifference> Compare(TaskResult a, TaskResult b, int samples = 2_000, int seed = 1234)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Task != b.Task || a.PromptHash != b.PromptHash)
            throw new FlextronException($"The results are of different prompts ({a.Task} {Short(a)} and {b.Task} {Short(b)}), so their documents cannot be paired: evaluate both on the same task, limit and shots.");
        if (a.Documents.Count != a.Docs || b.Documents.Count != b.Docs)
            throw new FlextronException($"A result of {a.Task} has lost its documents: evaluate again.");
        if (!a.Documents.Select(d => (d.Index, d.Gold)).SequenceEqual(b.Documents.Select(d => (d.Index, d.Gold))))
            throw new FlextronException($"The documents of the two results of {a.Task} differ in number, order or right answers, so they cannot be paired: evaluate both on the same files.");
        EvaluationTask task = TaskRegistry.Get(a.Task);
        IReadOnlyList<MetricSeries> ofA = TaskMetrics.Of(task.Kind, task.LengthNormalized, a.Documents), ofB = TaskMetrics.Of(task.Kind, task.LengthNormalized, b.Documents);
        return SampleStatistics.PairedBootstrap([.. ofA.Zip(ofB)], samples, seed);

        static string Short(TaskResult result) => result.PromptHash[..Math.Min(8, result.PromptHash.Length)];
    }
}
