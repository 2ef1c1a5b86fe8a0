using System.Globalization;
using System.Text.RegularExpressions;
using Flextron.Progress;
using Flextron.Workbench.Display;
using Flextron.Workbench.Figures;

namespace Flextron.Notebooks.Display;

/// <summary>
/// Shows in a cell how far long work has come: one display a stage, replaced in place a few times a second, with bar, time left, and the course
/// of the first number in the stage's notes (the loss). Pass it wherever the library takes progress; interrupting the cell stops the work there.
/// </summary>
/// <remarks>As the display of an experiment's run it leaves out the run's messages, which are in the run's log.</remarks>
public sealed partial class LiveProgress : IProgressDisplay
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private readonly Lock gate = new();
    private readonly CellContext cell = CellContext.Required;
    private readonly TimeProvider clock;
    private readonly bool single;
    private DisplayedValue? shared;
    private readonly long origin;
    private readonly Dictionary<string, StageLine> stages = new(StringComparer.Ordinal);

    /// <summary>Belongs to the cell that makes it.</summary>
    /// <param name="single">One display for all stages, which shows the latest: for runs of many.</param>
    /// <param name="clock">The clock; the system's where null.</param>
    /// <exception cref="FlextronException">No cell is running.</exception>
    public LiveProgress(bool single = false, TimeProvider? clock = null)
    {
        this.single = single;
        this.clock = clock ?? TimeProvider.System;
        origin = this.clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Report(StageProgress value)
    {
        cell.Cancellation.ThrowIfCancellationRequested();
        lock (gate)
        {
            TimeSpan now = clock.GetElapsedTime(origin);
            if (!stages.TryGetValue(value.Stage, out StageLine? stage)) stages.Add(value.Stage, stage = new StageLine(now));
            stage.Rate.Add(value.Done, now);
            stage.Last = value;
            if (value.Note is not null && Number().Match(value.Note) is { Success: true } number) stage.Course.Add(double.Parse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture));
            bool done = value.Total > 0 && value.Done >= value.Total;
            if (done ? !stage.Ended : now - stage.Shown >= Period) Show(stage, now, done);
        }
    }

    /// <inheritdoc/>
    public void Begin(string stage) => cell.Cancellation.ThrowIfCancellationRequested();

    /// <inheritdoc/>
    public void End(string stage, string outcome = "done")
    {
    }

    /// <inheritdoc/>
    public void Message(string text)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Show(StageLine stage, TimeSpan now, bool done)
    {
        (stage.Shown, stage.Ended) = (now, done);
        StageProgress last = stage.Last;
        double? share = last.Total > 0 ? Math.Clamp((double)last.Done / last.Total, 0, 1) : null;
        string count = last.Total > 0 ? string.Create(CultureInfo.InvariantCulture, $"{last.Done}/{last.Total}") : last.Done.ToString(CultureInfo.InvariantCulture);
        string time = done ? $"done in {ProgressText.Duration(now - stage.Begun)}"
            : string.Join(", ", new[] { stage.Rate.PerSecond is { } r ? ProgressText.Rate(r) : "", stage.Rate.Remaining(last.Total, now) is { } left ? $"{ProgressText.Duration(left)} left" : "" }.Where(t => t.Length > 0));
        string words = string.Join(", ", new[] { count, time, last.Note ?? "" }.Where(t => t.Length > 0));
        var picture = new Picture(ProgressCard.Render(last.Stage, share, words, stage.Course), string.Join(", ", new[] { $"{last.Stage}: {count}", last.Note ?? "" }.Where(t => t.Length > 0)));
        stage.Display ??= shared;
        if (stage.Display is null)
        {
            string id = Guid.NewGuid().ToString("N");
            cell.Output.Display(ValueFormatter.Format(picture), id);
            stage.Display = new DisplayedValue(cell, id, []);
            if (single) shared = stage.Display;
        }
        else
        {
            stage.Display.Update(picture);
        }
    }

    [GeneratedRegex(@"-?\d+\.\d+")]
    private static partial Regex Number();

    private sealed class StageLine(TimeSpan begun)
    {
        public TimeSpan Begun => begun;

        public RateMeter Rate { get; } = new();

        public List<double> Course { get; } = [];

        public StageProgress Last { get; set; }

        public TimeSpan Shown { get; set; } = TimeSpan.MinValue / 2;

        public bool Ended { get; set; }

        public DisplayedValue? Display { get; set; }
    }
}
