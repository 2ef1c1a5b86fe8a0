using Flextron.Evaluation.Scoring;

namespace Flextron.Evaluation;

/// <summary>A request in token ids.</summary>
/// <param name="Tokens">Context and continuation.</param>
/// <param name="BoundaryFallback">
/// Whether the tokenizer merged across the boundary, so that the usual split left nothing to score and the longest common prefix was taken.
/// </param>
public readonly record struct EncodedRequest(ContinuationTokens Tokens, bool BoundaryFallback);
