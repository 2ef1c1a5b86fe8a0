using Flextron.Progress;

namespace Flextron.Workbench.Display;

/// <summary>
/// What the plain and the live display share: which stages are open, how fast they go, and that nothing is shown of a stage during its
/// first two seconds.
/// </summary>
public abstract class TrackingProgressDisplay : IProgressDisplay
{
    private static readonly TimeSpan ShownAfter = TimeSpan.FromSeconds(2);
    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly long _origin;
    private readonly Dictionary<string, StageMeter> _open = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private bool _disposed;

    private protected TrackingProgressDisplay(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        _origin = clock.GetTimestamp();
    }

    /// <summary>Time since the display was made.</summary>
    private protected TimeSpan Now => _clock.GetElapsedTime(_origin);

    private protected TimeProvider Clock => _clock;

    private protected Lock Gate => _gate;

    /// <inheritdoc/>
    public void Begin(string stage)
    {
        ArgumentException.ThrowIfNullOrEmpty(stage);
        lock (_gate)
        {
            if (!_disposed && !_open.ContainsKey(stage)) Open(stage, explicitEnd: true);
        }
    }

    /// <inheritdoc/>
    public void Report(StageProgress value)
    {
        lock (_gate)
        {
            if (_disposed || string.IsNullOrEmpty(value.Stage)) return;
            bool full = value.Total > 0 && value.Done >= value.Total;
            if (!_open.TryGetValue(value.Stage, out StageMeter? meter))
            {
                // A stage that has ended often says once more that it is full.
                if (full && _ended.Contains(value.Stage)) return;
                meter = Open(value.Stage, explicitEnd: false);
            }
            meter.Take(value, Now);
            if (full && !meter.ExplicitEnd) Close(meter, "done");
            else if (meter.Shown) OnProgress(meter);
        }
    }

    /// <inheritdoc/>
    public void End(string stage, string outcome = "done")
    {
        lock (_gate)
        {
            if (!_disposed && _open.TryGetValue(stage, out StageMeter? meter)) Close(meter, outcome);
        }
    }

    /// <inheritdoc/>
    public void Message(string text)
    {
        lock (_gate)
        {
            if (!_disposed) WriteLine(text);
        }
    }

    /// <summary>Closes what is still open, saying that it was stopped.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes what is still open.</summary>
    /// <param name="disposing">Whether called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        lock (_gate)
        {
            if (_disposed) return;
            foreach (StageMeter meter in _open.Values.ToArray()) Close(meter, "stopped");
            _disposed = true;
        }
    }

    private protected abstract void WriteLine(string text);

    /// <summary>The stage has lasted long enough to be shown.</summary>
    private protected abstract void OnShown(StageMeter meter);

    /// <summary>A shown stage has reported.</summary>
    private protected abstract void OnProgress(StageMeter meter);

    /// <summary>The stage has ended; its finished line is written afterwards.</summary>
    private protected abstract void OnClosed(StageMeter meter);

    private StageMeter Open(string name, bool explicitEnd)
    {
        var meter = new StageMeter(name, explicitEnd, Now);
        _open.Add(name, meter);
        meter.Delay = _clock.CreateTimer(_ => ShowIfOpen(meter), null, ShownAfter, Timeout.InfiniteTimeSpan);
        return meter;
    }

    private void ShowIfOpen(StageMeter meter)
    {
        lock (_gate)
        {
            if (_disposed || meter.Shown || !_open.ContainsValue(meter)) return;
            meter.Shown = true;
            OnShown(meter);
        }
    }

    private void Close(StageMeter meter, string outcome)
    {
        _open.Remove(meter.Name);
        _ended.Add(meter.Name);
        meter.Delay?.Dispose();
        OnClosed(meter);
        WriteLine(meter.EndLine(outcome, Now));
    }
}
