using System.Collections.Concurrent;

namespace Flextron.Notebooks.Sessions;

/// <summary>
/// Brings the continuations of asynchronous cells back to the one thread that runs cells, because libtorch's gradient mode and dispose scopes
/// belong to a thread. Where that thread is itself blocked waiting for one (<c>task.Result</c> in a cell), the pool takes it, so that nothing hangs.
/// </summary>
internal sealed class CellSynchronizationContext : SynchronizationContext, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);
    private readonly BlockingCollection<PostedCallback> queue = [];
    private volatile bool pumping;

    /// <summary>The thread that pumps.</summary>
    public Thread? Thread { get; set; }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        var continuation = new PostedCallback(d, state);
        try
        {
            queue.Add(continuation);
        }
        catch (Exception e) when (e is ObjectDisposedException or InvalidOperationException)
        {
            ThreadPool.QueueUserWorkItem(_ => continuation.Run());
            return;
        }
        if (!pumping) _ = RescueAsync(continuation);
    }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state)
    {
        ArgumentNullException.ThrowIfNull(d);
        if (Thread.CurrentThread == Thread) d(state);
        else base.Send(d, state);
    }

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs continuations on this thread until a task has ended.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; the task goes on unobserved.</exception>
    public void PumpUntil(Task task, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        task.ContinueWith(_ => ended.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        while (!task.IsCompleted)
        {
            pumping = true;
            try
            {
                PostedCallback next = queue.Take(ended.Token);
                pumping = false;
                next.Run();
            }
            catch (OperationCanceledException) when (task.IsCompleted)
            {
            }
            finally
            {
                pumping = false;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => queue.Dispose();

    private async Task RescueAsync(PostedCallback continuation)
    {
        while (!continuation.Taken)
        {
            await Task.Delay(Patience).ConfigureAwait(false);
            if (!pumping && Thread is { } thread && (thread.ThreadState & ThreadState.WaitSleepJoin) != 0)
            {
                ThreadPool.QueueUserWorkItem(_ => continuation.Run());
                return;
            }
        }
    }

    private sealed class PostedCallback(SendOrPostCallback callback, object? state)
    {
        private int taken;

        public bool Taken => Volatile.Read(ref taken) != 0;

        public void Run()
        {
            if (Interlocked.Exchange(ref taken, 1) == 0) callback(state);
        }
    }
}
