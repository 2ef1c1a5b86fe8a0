using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;

namespace Flextron.Evaluation;

/// <summary>A task's documents read and tokenised, so that several models or budgets with one tokenizer are scored without doing it again.</summary>
public sealed class PreparedTask
{
    internal PreparedTask(
        EvaluationTask task, IReadOnlyList<EvaluationDocument> documents, ContinuationTokens[] requests, EvaluationSettings settings,
        string promptHash, string dataHash, int boundaryFallbacks)
    {
        Task = task;
        Documents = documents;
        Requests = requests;
        Settings = settings;
        PromptHash = promptHash;
        DataHash = dataHash;
        BoundaryFallbacks = boundaryFallbacks;
    }

    /// <summary>The task.</summary>
    public EvaluationTask Task { get; }

    /// <summary>The documents, in file order.</summary>
    public IReadOnlyList<EvaluationDocument> Documents { get; }

    /// <summary>The requests of all documents, in order.</summary>
    public IReadOnlyList<ContinuationTokens> Requests { get; }

    /// <summary>The requests of each document for a model: a text is cut into windows that fit it.</summary>
    /// <param name="maxLength">Longest input in tokens.</param>
    internal IReadOnlyList<IReadOnlyList<ContinuationTokens>> ByDocument(int maxLength)
    {
        var groups = new IReadOnlyList<ContinuationTokens>[Documents.Count];
        for (int d = 0, at = 0; d < groups.Length; at += Documents[d++].Requests.Count)
        {
            groups[d] = Task.Kind == TaskKind.Text
                ? [.. RollingWindows.Cut(Requests[at].Context[0], Requests[at].Continuation, maxLength)]
                : [.. Enumerable.Range(at, Documents[d].Requests.Count).Select(i => Requests[i])];
        }
        return groups;
    }

    /// <summary>What was asked for.</summary>
    public EvaluationSettings Settings { get; }

    /// <summary>See <see cref="Evaluation.PromptHash"/>.</summary>
    public string PromptHash { get; }

    /// <summary>SHA-256 over prompts, token ids, right answers, choices and subjects.</summary>
    public string DataHash { get; }

    /// <summary>Documents where the tokenizer merged across the boundary of context and continuation.</summary>
    public int BoundaryFallbacks { get; }
}
