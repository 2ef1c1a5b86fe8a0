using System.Globalization;
using Flextron.Progress;

namespace Flextron.Workbench.Display;

/// <summary>What a display knows of one stage.</summary>
internal sealed class StageMeter(string name, bool explicitEnd, TimeSpan begun)
{
    private readonly RateMeter _rate = new();

    public string Name { get; } = name;

    /// <summary>Whether it was opened by Begin and waits for End.</summary>
    public bool ExplicitEnd { get; } = explicitEnd;

    public TimeSpan Begun { get; } = begun;

    public StageProgress Last { get; private set; }

    /// <summary>Whether the stage has lasted long enough to be shown.</summary>
    public bool Shown { get; set; }

    /// <summary>When a line was last printed for it.</summary>
    public TimeSpan LastLine { get; set; }

    /// <summary>Fires when the stage has lasted long enough to be shown.</summary>
    public ITimer? Delay { get; set; }

    public void Take(StageProgress progress, TimeSpan now)
    {
        if (progress.Total != Last.Total) _rate.Reset();
        _rate.Add(progress.Done, now);
        Last = progress;
    }

    /// <summary>Share done in [0, 1], or null where the total is unknown.</summary>
    public double? Share => Last.Total > 0 ? Math.Clamp((double)Last.Done / Last.Total, 0, 1) : null;

    /// <summary>"24/200 (12 %)", "24" or nothing.</summary>
    public string Count => Last.Total > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Last.Done}/{Last.Total} ({Math.Floor(100m * Last.Done / Last.Total):0} %)")
        : Last.Done > 0 ? Last.Done.ToString(CultureInfo.InvariantCulture) : "";

    public string Rate => _rate.PerSecond is { } rate ? ProgressText.Rate(rate) : "";

    /// <summary>Whether all units are done, though the stage may have something to finish.</summary>
    public bool Full => Last.Total > 0 && Last.Done >= Last.Total;

    public string Remaining(TimeSpan now) => !Full && _rate.Remaining(Last.Total, now) is { } left ? $"{ProgressText.Duration(left)} left" : "";

    /// <summary>Everything worth saying in one line, after the name.</summary>
    public string Line(TimeSpan now) => Join(Count, Rate, Remaining(now), Last.Note ?? "");

    /// <summary>What is said when it ends.</summary>
    public string EndLine(string outcome, TimeSpan now)
    {
        double seconds = (now - Begun).TotalSeconds;
        string rate = Last.Done > 1 && seconds > 0.0005 && !ExplicitEnd ? ProgressText.Rate(Last.Done / seconds) : "";
        return $"{Name}: {Join($"{outcome} in {ProgressText.Duration(now - Begun)}", rate, Last.Note ?? "")}";
    }

    private static string Join(params ReadOnlySpan<string> parts)
    {
        var kept = new List<string>();
        foreach (string part in parts)
            if (part.Length > 0) kept.Add(part);
        return string.Join(", ", kept);
    }
}
