using Flextron.Progress;

namespace Flextron.Evaluation.Scoring;

/// <summary>Scores continuations with a language model. The scores do not depend on batch size, request order or padding.</summary>
public interface IContinuationScorer
{
    /// <summary>
    /// Longest input in tokens. Of context + continuation the last <c>MaxLength + 1</c> tokens are kept; the final one is only predicted, never
    /// an input.
    /// </summary>
    int MaxLength { get; }

    /// <summary>Scores all requests.</summary>
    /// <param name="requests">The requests, in any order and of any lengths.</param>
    /// <param name="progress">Told the number of requests done.</param>
    /// <returns>One score per request, in the order of the requests.</returns>
    /// <exception cref="FlextronException">A token id is outside the model's vocabulary.</exception>
    IReadOnlyList<ContinuationScore> Score(IReadOnlyList<ContinuationTokens> requests, IProgress<StageProgress>? progress);
}
