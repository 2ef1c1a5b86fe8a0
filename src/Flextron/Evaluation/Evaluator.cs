using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Models;
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
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(documents);
        var encoder = new RequestEncoder(tokenizer);
        var encoded = new EncodedRequest[documents.Count][];
        try
        {
            Parallel.For(0, documents.Count, d => encoded[d] = task.Kind == TaskKind.Text
                ? [new EncodedRequest(new ContinuationTokens([RollingWindows.First(tokenizer)], tokenizer.Encode(documents[d].Requests[0].Continuation, addSpecialTokens: false)), false)]
                : encoder.EncodeAll(documents[d].Requests));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<FlextronException>().FirstOrDefault() is FlextronException reason)
        {
            throw new FlextronException(reason.Message, e);
        }
        ContinuationTokens[] requests = [.. encoded.SelectMany(document => document).Select(request => request.Tokens)];
        int fallbacks = encoded.Count(document => document.Any(request => request.BoundaryFallback));
        string prompts = PromptHash.Of(documents);
        return new PreparedTask(task, documents, requests, settings ?? new EvaluationSettings(), prompts, PromptHash.OfData(prompts, documents, requests), fallbacks);
    }

    /// <summary>Scores a prepared task.</summary>
    /// <exception cref="FlextronException">A token id is outside the model's vocabulary.</exception>
    public static TaskResult Score(PreparedTask prepared, IContinuationScorer scorer, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(scorer);
        IReadOnlyList<IReadOnlyList<ContinuationTokens>> requests = prepared.ByDocument(scorer.MaxLength);
        return Result(prepared, requests, scorer.Score([.. requests.SelectMany(r => r)], Named(prepared, progress)), scorer.MaxLength, null);
    }

    /// <summary>Scores a prepared task with several sub-networks in one pass; those that the cache knows are taken from there.</summary>
    /// <param name="prepared">The task.</param>
    /// <param name="model">The model.</param>
    /// <param name="modelHash">Its <see cref="ResultIdentity.HashOf"/>.</param>
    /// <param name="networks">The slices.</param>
    /// <param name="progress">Told the tokens done, of all networks together.</param>
    /// <param name="cache">Results computed before, to which those computed now are added; null computes all.</param>
    /// <param name="fresh">Whether to compute even what the cache knows.</param>
    /// <returns>One result per network.</returns>
    /// <exception cref="FlextronException">A token id is outside the model's vocabulary.</exception>
    public static IReadOnlyList<TaskResult> ScoreAll(
        PreparedTask prepared, DecoderModel model, string modelHash, IReadOnlyList<SubNetwork> networks, IProgress<StageProgress>? progress = null,
        ResultCache? cache = null, bool fresh = false)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(networks);
        int maxLength = model.Config.ContextLength;
        ResultIdentity[] identities = [.. networks.Select(network => ResultIdentity.Of(prepared, model, modelHash, network))];
        TaskResult?[] results = [.. identities.Select(identity => fresh ? null : cache?.Find(identity))];
        int[] open = [.. Enumerable.Range(0, results.Length).Where(i => results[i] is null)];
        if (open.Length > 0)
        {
            IReadOnlyList<IReadOnlyList<ContinuationTokens>> requests = prepared.ByDocument(maxLength);
            ElasticLogitsModel[] models = [.. open.Select(i => new ElasticLogitsModel(model, networks[i]))];
            try
            {
                var scores = ContinuationScorer.ScoreAll(models, [.. requests.SelectMany(r => r)], progress: Named(prepared, progress));
                for (int m = 0; m < open.Length; m++)
                {
                    TaskResult result = Result(prepared, requests, scores[m], maxLength, identities[open[m]]);
                    results[open[m]] = result;
                    if (cache is not null) Keep(cache, result);
                }
            }
            finally
            {
                foreach (ElasticLogitsModel used in models) used.Dispose();
            }
        }
        return results!;
    }

    private static void Keep(ResultCache cache, TaskResult result)
    {
        try
        {
            cache.Store(result);
        }
        catch (FlextronException)
        {
            // The result itself is whole: a cache on a full or read-only disk only means that it is computed again next time.
        }
    }

    private static TaskResult Result(
        PreparedTask prepared, IReadOnlyList<IReadOnlyList<ContinuationTokens>> requests, IReadOnlyList<ContinuationScore> scores, int maxLength, ResultIdentity? identity)
    {
        EvaluationTask task = prepared.Task;
        var documents = new DocumentResult[requests.Count];
        for (int d = 0, at = 0; d < documents.Length; at += requests[d++].Count)
            documents[d] = DocumentScoring.Result(task.Kind, prepared.Documents[d], [.. Enumerable.Range(at, requests[d].Count).Select(i => scores[i])]);

        var metrics = new Dictionary<string, double>();
        var stderr = new Dictionary<string, double>();
        var intervals = new Dictionary<string, ConfidenceInterval>();
        foreach (MetricSeries series in TaskMetrics.Of(task.Kind, task.LengthNormalized, documents))
        {
            metrics[series.Name] = series.Value;
            (stderr[series.Name], intervals[series.Name]) = series.Uncertainty(prepared.Settings.BootstrapSamples, prepared.Settings.Seed);
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
            Chance = task.Kind == TaskKind.MultipleChoice ? prepared.Documents.Average(document => 1.0 / document.Requests.Count) : 0,
            PromptHash = prepared.PromptHash,
            LogprobSum = scores.Sum(score => score.LogProbability),
            BoundaryFallbacks = prepared.BoundaryFallbacks,
            TruncatedContexts = requests.Count(document => document.Any(r => r.Context.Length + r.Continuation.Length > maxLength + 1)),
            TruncatedContinuations = requests.Count(document => document.Any(r => r.Continuation.Length > maxLength)),
            Groups = DocumentScoring.Groups(documents),
            Subjects = DocumentScoring.Subjects(documents),
            Identity = identity,
            Documents = documents,
        };
    }

    private static NamedProgress? Named(PreparedTask prepared, IProgress<StageProgress>? progress) => progress is null ? null : new NamedProgress(prepared.Task.Name, progress);

    private sealed class NamedProgress(string task, IProgress<StageProgress> inner) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => inner.Report(value with { Stage = $"{value.Stage} {task}" });
    }
}
