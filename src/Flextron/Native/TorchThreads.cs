using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Flextron.Native;

/// <summary>Work side by side on threads of their own, which share the threads that libtorch would use for one operation.</summary>
public static class TorchThreads
{
    /// <summary>
    /// Runs <paramref name="work"/> on several new threads and waits for them. Many short operations run faster this way than each of them spread over
    /// all threads. New threads, because libtorch keeps a thread's share for as long as that lives.
    /// </summary>
    /// <param name="workers">Number of threads.</param>
    /// <param name="work">What each does; it is given a question that says whether another has failed, so that it should stop.</param>
    /// <exception cref="Exception">The first failure, as it was thrown.</exception>
    public static void Share(int workers, Action<Func<bool>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        int threads = get_num_threads();
        ExceptionDispatchInfo? failure = null;
        set_num_threads(Math.Max(1, threads / workers));
        try
        {
            Thread[] running = [.. Enumerable.Range(0, workers).Select(_ => new Thread(Run) { IsBackground = true })];
            foreach (Thread thread in running) thread.Start();
            foreach (Thread thread in running) thread.Join();
        }
        finally
        {
            set_num_threads(threads);
        }
        failure?.Throw();

        void Run()
        {
            try
            {
                work(() => Volatile.Read(ref failure) is not null);
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
