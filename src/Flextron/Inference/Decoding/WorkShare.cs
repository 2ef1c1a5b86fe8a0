namespace Flextron.Inference.Decoding;

/// <summary>How work is shared out among the threads of a team.</summary>
internal static class WorkShare
{
    /// <summary>Weights that a thread must have to itself in a part, for the part to be shared: about ten times what a barrier costs.</summary>
    private const long WeightsPerWorker = 1 << 15;

    /// <summary>A thread's share of items that are handed out by whole units; empty where fewer threads do.</summary>
    public static (int From, int To) Of(int items, int unit, long weightsPerItem, int worker, int workers)
    {
        int units = (items + unit - 1) / unit, active = Active(units, weightsPerItem * unit, workers);
        if (worker >= active) return (0, 0);
        return ((int)((long)units * worker / active) * unit, Math.Min(items, (int)((long)units * (worker + 1) / active) * unit));
    }

    /// <summary>Threads that so many units are worth.</summary>
    public static int Active(int units, long weightsPerUnit, int workers) =>
        (int)Math.Clamp(units * weightsPerUnit / WeightsPerWorker, 1, Math.Min(workers, Math.Max(1, units)));
}
