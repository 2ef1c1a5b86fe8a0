namespace Flextron.Evaluation.Scoring;

/// <summary>One scoring request in token ids: how likely is the continuation after the context?</summary>
/// <param name="Context">Ids before the continuation; at least one. Requests may share the array; nobody writes to it.</param>
/// <param name="Continuation">Ids whose log-probabilities are summed.</param>
public readonly record struct ContinuationTokens(int[] Context, int[] Continuation);
