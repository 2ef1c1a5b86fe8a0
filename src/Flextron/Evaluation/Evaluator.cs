using Flextron.Evaluation.Scoring;
using Flextron.Progress;
using Flextron.Tokenization;

namespace Flextron.Evaluation;

/// <summary>Evaluates a model on a task by the rules of lm-evaluation-harness 0.4.13.</summary>
public static class Evaluator
{
    /// <summary>Finds, reads, tokenises and scores a task.</summary>
    /// <exception cref="FlextronException">The data are missing or malformed, or the tokenizer does not fit the model.</exception>
    public static TaskResult Evaluate(
        EvaluationTask task, IContinuationScorer scorer, Tokenizer tokenizer, EvaluationSettings? settings = null, IProgress<StageProgress>? progress = null) =>
        Score(Prepare(task, tokenizer, settings), scorer, progress);

    /// <summary>Finds, reads and tokenises a task.</summary>
    /// <exception cref="FlextronException">The data are missing or malformed.</exception>
    public static PreparedTask Prepare(EvaluationTask task, Tokenizer tokenizer, EvaluationSettings? settings = null, DatasetLocator? locator = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        settings ??= new EvaluationSettings();
        string path = (locator ?? DatasetLocator.FromEnvironment()).Find(task, settings.DataPath);
        return Prepare(task, task.ReadDocuments(path, settings.Shots, settings.Limit), tokenizer, settings);
    }

    /// <summary>Tokenises documents that are already read.</summary>
    /// <exception cref="FlextronException">A context is empty and the tokenizer has neither BOS nor EOS.</exception>
    public static PreparedTask Prepare(
        EvaluationTask task, IReadOnlyList<EvaluationDocument> documents, Tokenizer tokenizer, EvaluationSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var encoder = new RequestEncoder(tokenizer);
        var encoded = new EncodedRequest[documents.Count][];
        try
        {
            Parallel.For(0, documents.Count, d => encoded[d] = encoder.EncodeAll(documents[d].Requests));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<FlextronException>().FirstOrDefault() is FlextronException reason)
        {
            throw new FlextronException(reason.Message, e);
        }
        ContinuationTokens[] requests = [.. encoded.SelectMany(document => document).Select(request => request.Tokens)];
        int fallbacks = encoded.Count(document => document.Any(request => request.BoundaryFallback));
        return new PreparedTask(task, documents, requests, settings ?? new EvaluationSettings(), PromptHash.Of(documents), fallbacks);
    }

    /// <summary>Scores a prepared task.</summary>
    /// <exception cref="FlextronException">A token id is outside the model's vocabulary.</exception>
    public static TaskResult Score(PreparedTask prepared, IContinuationScorer scorer, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(scorer);
        EvaluationTask task = prepared.Task;
        IProgress<StageProgress>? named = progress is null ? null : new NamedProgress(task.Name, progress);
        IReadOnlyList<ContinuationScore> scores = scorer.Score(prepared.Requests, named);

        var documents = new DocumentResult[prepared.Documents.Count];
        int truncatedContexts = 0, truncatedContinuations = 0;
        for (int d = 0, at = 0; d < documents.Length; at += prepared.Documents[d++].Requests.Count)
        {
            int count = prepared.Documents[d].Requests.Count;
            documents[d] = DocumentScoring.Result(task.Kind, prepared.Documents[d], [.. Enumerable.Range(at, count).Select(i => scores[i])]);
            IEnumerable<ContinuationTokens> requests = Enumerable.Range(at, count).Select(i => prepared.Requests[i]);
            if (requests.Any(r => r.Context.Length + r.Continuation.Length > scorer.MaxLength + 1)) truncatedContexts++;
            if (requests.Any(r => r.Continuation.Length > scorer.MaxLength)) truncatedContinuations++;
        }

        var metrics = new Dictionary<string, double>();
        var stderr = new Dictionary<string, double>();
        var intervals = new Dictionary<string, ConfidenceInterval>();
        Accuracy("acc", document => document.Correct);
        if (task.LengthNormalized)
        {
            Accuracy("acc_norm", document => document.CorrectNormalized);
            Accuracy("acc_bytes", document => document.CorrectPerByte);
        }
        if (task.Kind == TaskKind.LastWord)
        {
            double[] logProbabilities = [.. documents.Select(document => -document.TargetNll)];
            metrics["perplexity"] = Math.Exp(-logProbabilities.Average());
            (stderr["perplexity"], intervals["perplexity"]) =
                SampleStatistics.BootstrapPerplexity(logProbabilities, prepared.Settings.BootstrapSamples, prepared.Settings.Seed);
        }

        return new TaskResult
        {
            Task = task.Name,
            Version = task.Version,
            Docs = documents.Length,
            Shots = prepared.Settings.Shots,
            Seed = prepared.Settings.Seed,
            Metrics = metrics,
            Stderr = stderr,
            Intervals = intervals,
            Chance = task.Kind == TaskKind.LastWord ? 0 : prepared.Documents.Average(document => 1.0 / document.Requests.Count),
            PromptHash = prepared.PromptHash,
            LogprobSum = scores.Sum(score => score.LogProbability),
            BoundaryFallbacks = prepared.BoundaryFallbacks,
            TruncatedContexts = truncatedContexts,
            TruncatedContinuations = truncatedContinuations,
            Groups = DocumentScoring.Groups(documents),
            Subjects = DocumentScoring.Subjects(documents),
            Documents = documents,
        };

        void Accuracy(string name, Func<DocumentResult, bool> correct)
        {
            GroupResult result = DocumentScoring.Accuracy(name, documents, correct);
            metrics[name] = result.Accuracy;
            stderr[name] = result.Stderr;
            intervals[name] = result.Interval;
        }
    }

    private sealed class NamedProgress(string task, IProgress<StageProgress> inner) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => inner.Report(value with { Stage = $"{value.Stage} {task}" });
    }
}
