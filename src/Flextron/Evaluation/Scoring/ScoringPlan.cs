using Flextron.Models;

namespace Flextron.Evaluation.Scoring;

/// <summary>
/// How a list of requests is scored: which of them share rows, and which rows share batches. It depends on the requests and the model's shape only, so
/// it is made once for all sub-networks. Only the plan is kept; the arrays of a batch are made when it is its turn.
/// </summary>
internal sealed class ScoringPlan
{
    private readonly List<ScorerInput> inputs = [];
    private readonly RowPlanner planner;
    private readonly List<List<ScoringRow>> batches;
    private readonly int requests;

    /// <summary>Makes a plan.</summary>
    /// <param name="requests">All requests; those without a continuation are left out, their score is known.</param>
    /// <param name="maxLength">Longest input in tokens.</param>
    /// <param name="vocabularySize">Ids that exist.</param>
    /// <param name="settings">Limits of batches.</param>
    /// <exception cref="FlextronException">A request has no context, or an id is outside the vocabulary.</exception>
    public ScoringPlan(IReadOnlyList<ContinuationTokens> requests, int maxLength, int vocabularySize, ScorerSettings settings)
    {
        this.requests = requests.Count;
        int[]? lastContext = null;
        for (int i = 0; i < requests.Count; i++)
        {
            if (requests[i].Context.Length == 0)
                throw new FlextronException("A scoring request has no context token, so its first token has no prediction: put a BOS or EOS token in front.");
            if (requests[i].Context != lastContext) Check(lastContext = requests[i].Context, vocabularySize);
            Check(requests[i].Continuation, vocabularySize);
            if (requests[i].Continuation.Length > 0) inputs.Add(new ScorerInput(requests[i], maxLength, i));
        }
        inputs.Sort();
        planner = new RowPlanner(inputs, settings);
        batches = [.. Batches(planner.Plan(), settings)];
        Tokens = batches.Sum(batch => batch.Sum(row => (long)row.Tokens));
    }

    /// <summary>Tokens that are computed for each model, prefixes of groups and padding aside.</summary>
    public long Tokens { get; }

    /// <summary>Scores before any batch: what has no continuation is certain.</summary>
    public ContinuationScore[] NewScores()
    {
        var scores = new ContinuationScore[requests];
        Array.Fill(scores, new ContinuationScore(0, true, 0));
        return scores;
    }

    /// <summary>Number of batches; those with the same prefix stand one after another.</summary>
    public int Count => batches.Count;

    /// <summary>The group of a batch whose prefix is computed beforehand; 0 for none.</summary>
    public int Group(int batch) => batches[batch][0].Group;

    /// <summary>Makes a batch.</summary>
    public ScoringBatch Build(int batch) => Build(batches[batch]);

    private static IEnumerable<List<ScoringRow>> Batches(List<ScoringRow> rows, ScorerSettings settings)
    {
        var batch = new List<ScoringRow>();
        // Longest first: the largest batch comes first, so a lack of memory shows at once. The sort is stable, so batches do not depend on request order.
        foreach (ScoringRow row in rows.OrderBy(row => row.Group).ThenByDescending(row => row.Tokens))
        {
            if (batch.Count > 0)
            {
                long tokens = (long)batch[0].Tokens * (batch.Count + 1);
                if (row.Group != batch[0].Group || batch.Count == settings.BatchRows || tokens > settings.BatchTokens)
                {
                    yield return batch;
                    batch = [];
                }
            }
            batch.Add(row);
        }
        if (batch.Count > 0) yield return batch;
    }

    private ScoringBatch Build(List<ScoringRow> rows)
    {
        var prefix = new int[rows[0].Prefix];
        for (int i = 0; i < prefix.Length; i++) prefix[i] = inputs[rows[0].From][i];
        var builder = new TreeBuilder(rows.Count, rows.Max(row => row.Tokens), prefix);
        foreach (ScoringRow row in rows)
        {
            builder.BeginRow();
            for (int i = row.From; i < row.To; i++) builder.Add(inputs[i], planner.SharedWithPrevious(i));
            builder.EndRow();
        }
        return builder.Build();
    }

    private static void Check(int[] ids, int vocabularySize)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)vocabularySize)
                throw new FlextronException($"Token id {id} is outside the model's vocabulary of {vocabularySize}: use the tokenizer that belongs to the model.");
        }
    }
}
