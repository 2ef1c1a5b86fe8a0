using Spectre.Console;
using Spectre.Console.Rendering;

namespace Flextron.Workbench.Display;

/// <summary>Progress as bars on a terminal: one line for each open stage with share, rate, time left and note.</summary>
public sealed class LiveProgressDisplay : TrackingProgressDisplay
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(200);
    private readonly IAnsiConsole _console;
    private readonly Dictionary<int, StageMeter> _meters = [];
    private readonly Dictionary<StageMeter, ProgressTask> _tasks = [];
    private Session? _session;

    /// <summary>Creates the display.</summary>
    /// <param name="console">A console that writes to standard error.</param>
    /// <param name="clock">The time.</param>
    public LiveProgressDisplay(IAnsiConsole console, TimeProvider clock) : base(clock)
    {
        ArgumentNullException.ThrowIfNull(console);
        _console = console;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        lock (Gate) StopBars();
    }

    private protected override void WriteLine(string text) => _console.WriteLine(text);

    private protected override void OnShown(StageMeter meter)
    {
        _session ??= StartBars();
        ProgressTask task = _session.Context.AddTask(Markup.Escape(meter.Name));
        _meters[task.Id] = meter;
        _tasks[meter] = task;
        OnProgress(meter);
        Refresh();
    }

    private protected override void OnProgress(StageMeter meter)
    {
        ProgressTask task = _tasks[meter];
        task.IsIndeterminate = meter.Share is null;
        // Never quite full: a full task counts as finished, and only the end of the stage says that.
        task.Value = Math.Min(99.9, 100 * (meter.Share ?? 0));
    }

    private protected override void OnClosed(StageMeter meter)
    {
        if (!_tasks.Remove(meter, out ProgressTask? task)) return;
        _meters.Remove(task.Id);
        task.StopTask();
        // Between stages the terminal is given back, so that other output finds it clean.
        if (_tasks.Count == 0) StopBars();
    }

    private Session StartBars()
    {
        var stop = new TaskCompletionSource();
        ProgressContext? context = null;
        Spectre.Console.Progress progress = _console.Progress().AutoRefresh(false).AutoClear(true).HideCompleted(true).Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left },
            new ProgressBarColumn { Width = 24 },
            new MeterColumn(this));
        // Without automatic refresh no thread is involved: the method runs up to its first wait and the bars live until they are stopped.
        Task running = progress.StartAsync(async c =>
        {
            context = c;
            await stop.Task.ConfigureAwait(false);
        });
        if (context is null) running.GetAwaiter().GetResult();
        ITimer timer = Clock.CreateTimer(_ => Tick(), null, RefreshEvery, RefreshEvery);
        return new Session(context!, stop, running, timer);
    }

    private void StopBars()
    {
        if (_session is not { } session) return;
        _session = null;
        session.Timer.Dispose();
        session.Stop.SetResult();
        session.Running.GetAwaiter().GetResult();
    }

    private void Tick()
    {
        lock (Gate) Refresh();
    }

    private void Refresh() => _session?.Context.Refresh();

    private string Describe(int task)
    {
        return _meters.TryGetValue(task, out StageMeter? meter) ? meter.Line(Now) : "";
    }

    private sealed record Session(ProgressContext Context, TaskCompletionSource Stop, Task Running, ITimer Timer);

    private sealed class MeterColumn(LiveProgressDisplay display) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(display.Describe(task.Id)) { Overflow = Overflow.Ellipsis };
    }
}
