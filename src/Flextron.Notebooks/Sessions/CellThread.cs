using System.Collections.Concurrent;
using System.Runtime;

namespace Flextron.Notebooks.Sessions;

/// <summary>The one thread on which all cells of a session run, one after another.</summary>
internal sealed class CellThread : IDisposable
{
    private readonly BlockingCollection<Action> jobs = [];
    private readonly CellSynchronizationContext context = new();
    private readonly Thread thread;

    public CellThread()
    {
        thread = new Thread(Loop, maxStackSize: 16 << 20) { IsBackground = true, Name = "cells" };
        context.Thread = thread;
        thread.Start();
    }

    /// <summary>Runs asynchronous work with all its continuations on the thread.</summary>
    /// <param name="work">The work.</param>
    /// <param name="interrupt">Stops waiting for it.</param>
    /// <param name="abort">Stops it wherever it is in managed code, even in an endless loop.</param>
    /// <exception cref="OperationCanceledException">Stopped by one of the tokens.</exception>
    public Task RunAsync(Func<Task> work, CancellationToken interrupt, CancellationToken abort)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ExecutionContext? flow = ExecutionContext.Capture();
        jobs.Add(() =>
        {
            try
            {
                void Body() => Run(work, interrupt, abort);
                if (flow is null) Body();
                else ExecutionContext.Run(flow, _ => Body(), null);
                done.SetResult();
            }
            catch (OperationCanceledException e)
            {
                done.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Wakes the thread where a cell sleeps or waits for a lock: an abort takes hold only of code that runs.</summary>
    public void Wake()
    {
        if ((thread.ThreadState & ThreadState.WaitSleepJoin) != 0) thread.Interrupt();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The queue is left to the collector: a cell that cannot be stopped still holds the thread, which ends with the process.
        jobs.CompleteAdding();
    }

    private void Run(Func<Task> work, CancellationToken interrupt, CancellationToken abort)
    {
        Task? task = null;
#pragma warning disable SYSLIB0046 // The only way to stop a loop that looks at no token; made for interactive code such as this.
        ControlledExecution.Run(
            () =>
            {
                task = work();
                context.PumpUntil(task, interrupt);
            },
            abort);
#pragma warning restore SYSLIB0046
        task?.GetAwaiter().GetResult();
    }

    private void Loop()
    {
        SynchronizationContext.SetSynchronizationContext(context);
        while (!jobs.IsCompleted)
        {
            try
            {
                jobs.Take()();
            }
            catch (ThreadInterruptedException)
            {
                // It came when the cell that it was meant for had just ended.
            }
            catch (InvalidOperationException) when (jobs.IsCompleted)
            {
                return;
            }
        }
    }
}
