using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Flextron.Inference.Decoding;

/// <summary>
/// The process's persistent decoding threads, one per processor with the calling one. They wait for the next token spinning for a moment, then
/// asleep. One piece of work at a time has them; whoever finds them busy, work within their own work included, works alone, so that processors are never oversubscribed.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    // About as long as sampling and showing a token take: then the threads sleep.
    private const int SpinsBeforeSleep = 2000;
    private const int SpinsBeforeYield = 2000;
    private readonly Worker[] workers;
    private readonly Lock busy = new();
    private ITeamWork? work;
    private volatile bool stopped;
    private int size;
    private PaddedCounter arrived, generation, running;

    internal WorkerTeam(int threads) => workers = [.. Enumerable.Range(1, Math.Max(0, threads - 1)).Select(i => new Worker(this, i))];

    /// <summary>The team of this process.</summary>
    public static WorkerTeam Shared { get; } = new(Environment.ProcessorCount);

    /// <summary>Most threads that can work together.</summary>
    public int MaximumWorkers => workers.Length + 1;

    /// <summary>Does work with up to so many threads; alone where the others are busy with other work.</summary>
    public void Run(ITeamWork item, int threads)
    {
        threads = Math.Min(threads, MaximumWorkers);
        // The lock would let its holder in again: a router that decodes with a model of its own.
        if (threads <= 1 || busy.IsHeldByCurrentThread || !busy.TryEnter())
        {
            item.Run(0, 1);
            return;
        }
        try
        {
            work = item;
            size = threads;
            running.Value = threads - 1;
            for (int i = 0; i < threads - 1; i++) workers[i].Start();
            item.Run(0, threads);
            int spins = 0;
            while (Volatile.Read(ref running.Value) != 0) Pause(ref spins);
            work = null;
        }
        finally
        {
            busy.Exit();
        }
    }

    /// <summary>Waits until every thread of the current work has come here; what they wrote before is then visible to all.</summary>
    public void Barrier(int threads)
    {
        if (threads == 1) return;
        int current = Volatile.Read(ref generation.Value);
        if (Interlocked.Increment(ref arrived.Value) == threads)
        {
            arrived.Value = 0;
            Volatile.Write(ref generation.Value, current + 1);
            return;
        }
        int spins = 0;
        while (Volatile.Read(ref generation.Value) == current) Pause(ref spins);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stopped = true;
        foreach (Worker worker in workers) worker.Stop();
    }

    private static void Pause(ref int spins)
    {
        // Where a thread of the team is not running, spinning on would only keep it from its processor.
        if (++spins >= SpinsBeforeYield) Thread.Yield();
        else if (X86Base.IsSupported) X86Base.Pause();
        else Thread.SpinWait(1);
    }

    private sealed class Worker(WorkerTeam team, int index)
    {
        private readonly object gate = new();
        private Thread? thread;
        private int started;
        private volatile bool asleep;

        public void Start()
        {
            if (thread is null)
            {
                thread = new Thread(Loop) { IsBackground = true, Name = $"Flextron decoding {index}" };
                thread.Start();
            }
            Wake();
        }

        public void Stop()
        {
            if (thread is null) return;
            Wake();
            thread.Join();
        }

        private void Wake()
        {
            // The increment is seen before the flag is read: either the thread sees it and does not sleep, or it sleeps and is woken.
            Interlocked.Increment(ref started);
            if (!asleep) return;
            lock (gate) Monitor.Pulse(gate);
        }

        private void Loop()
        {
            for (int seen = 0; ; seen++)
            {
                for (int spins = 0; Volatile.Read(ref started) == seen && spins < SpinsBeforeSleep; spins++) Thread.SpinWait(1);
                if (Volatile.Read(ref started) == seen) Sleep(seen);
                if (team.stopped) return;
                team.work!.Run(index, team.size);
                Interlocked.Decrement(ref team.running.Value);
            }
        }

        private void Sleep(int seen)
        {
            lock (gate)
            {
                asleep = true;
                Interlocked.MemoryBarrier();
                while (Volatile.Read(ref started) == seen) Monitor.Wait(gate);
                asleep = false;
            }
        }
    }

    // Counters that several threads write lie in cache lines of their own.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct PaddedCounter
    {
        [FieldOffset(64)]
        public int Value;
    }
}
