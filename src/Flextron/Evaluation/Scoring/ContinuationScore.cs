namespace Flextron.Evaluation.Scoring;

/// <summary>The answer to a <see cref="ContinuationTokens"/> request.</summary>
/// <param name="LogProbability">Sum of the natural log-probabilities of the continuation's tokens; each is a float32 log-softmax.</param>
/// <param name="IsGreedy">Whether every token of the continuation is the most likely one at its place.</param>
/// <param name="ScoredTokens">
/// Number of tokens summed: the continuation's length, or <see cref="IContinuationScorer.MaxLength"/> where the continuation is longer than that
/// and only its end fits.
/// </param>
public readonly record struct ContinuationScore(double LogProbability, bool IsGreedy, int ScoredTokens);
