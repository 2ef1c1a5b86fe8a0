namespace Flextron.Evaluation.Scoring;

/// <summary>
/// Hands batches to threads. Batches with the same prefix go to one thread as a run, so that the prefix is computed once; a run so long that others
/// would wait for it at the end is cut.
/// </summary>
internal sealed class BatchQueue
{
    private readonly Queue<(int From, int To)> runs = new();

    public BatchQueue(ScoringPlan plan, int workers)
    {
        int longest = Math.Max(1, plan.Count / (2 * workers));
        for (int from = 0; from < plan.Count;)
        {
            int to = from + 1;
            while (to < plan.Count && to - from < longest && plan.Group(from) != 0 && plan.Group(to) == plan.Group(from)) to++;
            runs.Enqueue((from, to));
            from = to;
        }
    }

    /// <summary>The next run, or null when all are taken.</summary>
    public (int From, int To)? Next()
    {
        lock (runs) return runs.TryDequeue(out (int, int) run) ? run : null;
    }
}
