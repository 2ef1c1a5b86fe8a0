namespace Flextron.Workbench.Figures;

/// <summary>One axis of a <see cref="Figure"/>: what is measured, in which unit, on which scale.</summary>
/// <param name="Label">What is measured, such as "Latency".</param>
/// <param name="Unit">Its unit, such as "ms"; null for pure numbers.</param>
public sealed record Axis(string Label, string? Unit = null)
{
    /// <summary>Linear unless said otherwise; ignored where <see cref="Categories"/> are given.</summary>
    public AxisScale Scale { get; init; }

    /// <summary>Lower end of the axis in data units; null lets the data decide. What lies outside is clipped.</summary>
    public double? Minimum { get; init; }

    /// <summary>Upper end of the axis in data units; null lets the data decide. What lies outside is clipped.</summary>
    public double? Maximum { get; init; }

    /// <summary>Whether an axis without a given <see cref="Minimum"/> reaches down to zero even if the data do not. Bars and histograms always do.</summary>
    public bool IncludeZero { get; init; }

    /// <summary>Names of the positions 0, 1, …; needed on the x axis of bars and on both axes of a heat map.</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Label with its unit as it is drawn: "Latency (ms)".</summary>
    public string Title => string.IsNullOrEmpty(Unit) ? Label : $"{Label} ({Unit})";

    internal bool IsLogarithmic => Scale == AxisScale.Logarithmic && Categories is null;
}
