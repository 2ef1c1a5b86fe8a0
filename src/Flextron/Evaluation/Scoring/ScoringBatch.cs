using Flextron.Models;

namespace Flextron.Evaluation.Scoring;

/// <summary>One forward pass and how the requests read it off.</summary>
/// <param name="Trees">What the model computes.</param>
/// <param name="Requests">Requests answered by this batch, each with the number of its tokens that are scored.</param>
/// <param name="Slots">For every scored token, request after request: which picked place predicts it.</param>
/// <param name="Targets">For every scored token: its id.</param>
internal sealed record ScoringBatch(TokenTrees Trees, IReadOnlyList<(int Request, int Scored)> Requests, long[] Slots, long[] Targets)
{
    /// <summary>Tokens of all rows, without padding and prefix.</summary>
    public required long Tokens { get; init; }
}
