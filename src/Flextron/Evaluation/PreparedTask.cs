using Flextron.Evaluation.Scoring;

namespace Flextron.Evaluation;

/// <summary>A task's documents read and tokenised, so that several models or budgets with one tokenizer are scored without doing it again.</summary>
public sealed class PreparedTask
{
    internal PreparedTask(
        EvaluationTask task, IReadOnlyList<EvaluationDocument> documents, ContinuationTokens[] requests, EvaluationSettings settings,
        string promptHash, int boundaryFallbacks)
    {
        Task = task;
        Documents = documents;
        Requests = requests;
        Settings = settings;
        PromptHash = promptHash;
        BoundaryFallbacks = boundaryFallbacks;
    }

    /// <summary>The task.</summary>
    public EvaluationTask Task { get; }

    /// <summary>The documents, in file order.</summary>
    public IReadOnlyList<EvaluationDocument> Documents { get; }

    /// <summary>The requests of all documents, in order.</summary>
    public IReadOnlyList<ContinuationTokens> Requests { get; }

    /// <summary>What was asked for.</summary>
    public EvaluationSettings Settings { get; }

    /// <summary>See <see cref="Evaluation.PromptHash"/>.</summary>
    public string PromptHash { get; }

    /// <summary>Documents where the tokenizer merged across the boundary of context and continuation.</summary>
    public int BoundaryFallbacks { get; }
}
