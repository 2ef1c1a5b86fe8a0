using Flextron.Evaluation.Scoring;
using Flextron.Progress;

namespace Flextron.Tests.Evaluation.Scoring;

/// <summary>Gives scores fixed beforehand, in order of request.</summary>
internal sealed class FixedScorer(int maxLength, params ContinuationScore[] scores) : IContinuationScorer
{
    public int MaxLength => maxLength;

    public IReadOnlyList<ContinuationScore> Score(IReadOnlyList<ContinuationTokens> requests, IProgress<StageProgress>? progress)
    {
        Assert.Equal(scores.Length, requests.Count);
        return scores;
    }
}
