namespace Flextron.Workbench.Display;

/// <summary>
/// Progress as plain lines, for files and pipes: one when a stage has lasted two seconds, then at most one every five seconds, and one at
/// its end with the duration.
/// </summary>
public sealed class PlainProgressDisplay : TrackingProgressDisplay
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(5);
    private readonly TextWriter _writer;

    /// <summary>Creates the display.</summary>
    /// <param name="writer">Where the lines go: standard error.</param>
    /// <param name="clock">The time.</param>
    public PlainProgressDisplay(TextWriter writer, TimeProvider clock) : base(clock)
    {
        ArgumentNullException.ThrowIfNull(writer);
        _writer = writer;
    }

    private protected override void WriteLine(string text)
    {
        _writer.Write(text);
        _writer.Write('\n');
        _writer.Flush();
    }

    private protected override void OnShown(StageMeter meter)
    {
        meter.LastLine = Now;
        string line = meter.Line(Now);
        WriteLine(line.Length == 0 ? $"{meter.Name}: started" : $"{meter.Name}: started, {line}");
    }

    private protected override void OnProgress(StageMeter meter)
    {
        if (Now - meter.LastLine < Between || meter.Full) return;
        meter.LastLine = Now;
        WriteLine($"{meter.Name}: {meter.Line(Now)}");
    }

    private protected override void OnClosed(StageMeter meter) { }
}
