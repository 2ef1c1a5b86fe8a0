using System.Runtime.ExceptionServices;

namespace Flextron.Workbench.Experiments;

/// <summary>Independent pieces of work, several at a time, as many as threads and memory allow.</summary>
public static class SideBySide
{
    // What the process itself, libtorch and file caches want beside.
    private const double MemoryShare = 0.7;

    /// <summary>How many pieces go side by side.</summary>
    /// <param name="pieces">Pieces of work.</param>
    /// <param name="bytesEach">Memory that each takes at its largest; 0 where it does not matter.</param>
    /// <param name="most">No more than this; null for as many as libtorch has threads.</param>
    public static int Workers(int pieces, long bytesEach, int? most) =>
        Workers(pieces, bytesEach, most ?? StageThreads.Now(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet);

    internal static int Workers(int pieces, long bytesEach, int most, long freeBytes)
    {
        long fit = bytesEach <= 0 ? pieces : (long)(MemoryShare * Math.Max(0, freeBytes)) / bytesEach;
        return (int)Math.Clamp(Math.Min(fit, most), 1, Math.Max(1, pieces));
    }

    /// <summary>Does the work and waits for it. After a failure nothing new is begun, and the first failure is thrown once the others have ended.</summary>
    /// <param name="pieces">Pieces of work.</param>
    /// <param name="workers">How many go side by side; they share the threads that libtorch has.</param>
    /// <param name="work">Does one of them, given its index.</param>
    /// <returns>The results in the order of the pieces.</returns>
    public static T[] Run<T>(int pieces, int workers, Func<int, T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var results = new T[pieces];
        if (workers <= 1)
        {
            for (int i = 0; i < pieces; i++) results[i] = work(i);
            return results;
        }
        int threads = StageThreads.Now(), next = -1;
        ExceptionDispatchInfo? failure = null;
        using (StageThreads.Set(Math.Max(1, threads / workers)))
        {
            Thread[] running = [.. Enumerable.Range(0, workers).Select(_ => new Thread(Work) { IsBackground = true })];
            foreach (Thread thread in running) thread.Start();
            foreach (Thread thread in running) thread.Join();
        }
        failure?.Throw();
        return results;

        void Work()
        {
            try
            {
                for (int i; Volatile.Read(ref failure) is null && (i = Interlocked.Increment(ref next)) < pieces;) results[i] = work(i);
            }
#pragma warning disable CA1031 // It is thrown again on the thread that waits.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            }
        }
    }
}
