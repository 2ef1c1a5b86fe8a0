using System.Text.Json.Serialization;

namespace Flextron.Evaluation;

/// <summary>A task's scores with what is needed to compare and repeat them.</summary>
public sealed record TaskResult
{
    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Version of the task's rules.</summary>
    public required string Version { get; init; }

    /// <summary>Number of documents scored.</summary>
    public required int Docs { get; init; }

    /// <summary>Number of worked examples before each question.</summary>
    public required int Shots { get; init; }

    /// <summary>Seed of the bootstrap.</summary>
    public required int Seed { get; init; }

    /// <summary>
    /// Values by metric: <c>acc</c>, <c>acc_norm</c>, <c>acc_bytes</c>, <c>perplexity</c>; <c>word_perplexity</c>, <c>byte_perplexity</c>,
    /// <c>bits_per_byte</c>; and means over documents of <c>margin</c> (log-probability of the right choice minus that of the best other one),
    /// <c>margin_norm</c> (the same per code point) and <c>target_nll</c> (negative log-probability of the right continuation), in nats.
    /// </summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Standard errors by metric.</summary>
    public required IReadOnlyDictionary<string, double> Stderr { get; init; }

    /// <summary>95 % intervals by metric: Wilson for accuracies, bootstrap percentiles for perplexities and bits per byte, ± 1.96 standard errors for means.</summary>
    public required IReadOnlyDictionary<string, ConfidenceInterval> Intervals { get; init; }

    /// <summary>Accuracy of guessing: the mean over documents of 1 / number of choices; 0 for last words.</summary>
    public required double Chance { get; init; }

    /// <summary>Hash of the prompts of the documents used, see <see cref="Evaluation.PromptHash"/>.</summary>
    public required string PromptHash { get; init; }

    /// <summary>Sum over all requests of the summed continuation log-probability.</summary>
    public required double LogprobSum { get; init; }

    /// <summary>Documents where the tokenizer merged across the boundary of context and continuation.</summary>
    public required int BoundaryFallbacks { get; init; }

    /// <summary>Documents whose context was cut on the left to fit the model.</summary>
    public required int TruncatedContexts { get; init; }

    /// <summary>Documents with a continuation longer than the model's context, of which only the end was scored.</summary>
    public required int TruncatedContinuations { get; init; }

    /// <summary>MMLU's groups, weighted by questions; empty elsewhere.</summary>
    public IReadOnlyList<GroupResult> Groups { get; init; } = [];

    /// <summary>MMLU's subjects; empty elsewhere.</summary>
    public IReadOnlyList<GroupResult> Subjects { get; init; } = [];

    /// <summary>What was scored by what, hashes included; null where a scorer of unknown origin was used.</summary>
    public ResultIdentity? Identity { get; init; }

    /// <summary>Every document, in file order; written by <see cref="SampleWriter"/> rather than with the result.</summary>
    [JsonIgnore]
    public IReadOnlyList<DocumentResult> Documents { get; init; } = [];
}
