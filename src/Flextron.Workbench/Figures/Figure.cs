using Deedle;

namespace Flextron.Workbench.Figures;

/// <summary>
/// What a figure shows, independent of how it is drawn: <see cref="SvgRenderer"/> draws it for print, <see cref="PlotlyRenderer"/> for exploring;
/// <see cref="ToFrame"/> and <see cref="ToCsv"/> give the numbers behind it.
/// </summary>
/// <param name="Title">One line that says what is shown.</param>
/// <param name="X">The horizontal axis.</param>
/// <param name="Y">The vertical axis.</param>
/// <param name="Series">What is drawn, in the order of the legend.</param>
public sealed record Figure(string Title, Axis X, Axis Y, IReadOnlyList<FigureSeries> Series)
{
    /// <summary>A smaller line under the title: set-up, number of seeds, what the intervals mean.</summary>
    public string? Subtitle { get; init; }

    /// <summary>Longer explanation printed under the figure in a report and read out by screen readers; not drawn into the picture.</summary>
    public string? Caption { get; init; }

    /// <summary>Labelled horizontal and vertical lines.</summary>
    public IReadOnlyList<ReferenceLine> ReferenceLines { get; init; } = [];

    /// <summary>Draws y = x and gives both axes the same range on a square plot; for predicted against measured.</summary>
    public bool IdentityLine { get; init; }

    /// <summary>Statistics written into a free corner of the plot, one per line.</summary>
    public IReadOnlyList<string> Statistics { get; init; } = [];

    /// <summary>The numbers behind the figure, one row per point, bar, bin or cell; column names are the axis titles.</summary>
    public Frame<int, string> ToFrame() => FigureTable.Of(this).ToFrame();

    /// <summary>The same as comma-separated text with a header line; numbers round-trip, missing ones are empty.</summary>
    public string ToCsv() => FigureTable.Of(this).ToCsv();

    /// <summary>Checks that the figure can be drawn.</summary>
    /// <exception cref="FlextronException">It cannot; the message names the figure, the series and the way out.</exception>
    public void Validate()
    {
        if (Series.Count == 0) throw new FlextronException($"Figure \"{Title}\" has no series; give it some data.");
        foreach (Axis axis in new[] { X, Y })
        {
            if (axis.Categories is { Count: 0 }) throw new FlextronException($"Figure \"{Title}\": the axis \"{axis.Label}\" has an empty list of categories.");
            if (axis.IsLogarithmic && (axis.Minimum <= 0 || axis.Maximum <= 0))
                throw new FlextronException($"Figure \"{Title}\": the logarithmic axis \"{axis.Label}\" needs positive ends.");
            if (axis.Minimum >= axis.Maximum)
                throw new FlextronException($"Figure \"{Title}\": the axis \"{axis.Label}\" must end above where it starts.");
        }
        if (Y.Categories is not null && !Series.All(s => s is HeatMapSeries))
            throw new FlextronException($"Figure \"{Title}\": only a heat map takes categories on the y axis.");
        foreach (FigureSeries series in Series)
        {
            series.Validate(this);
            if (X.Categories is { } names && series.Extent(x: true).Any(v => v != Math.Floor(v) || !(v >= 0 && v < names.Count)))
                throw new FlextronException($"Figure \"{Title}\", series \"{series.Name}\": on an axis with {names.Count} categories x must be 0 to {names.Count - 1}.");
        }
        foreach (ReferenceLine line in ReferenceLines)
            if (!double.IsFinite(line.Value) || ((line.Vertical ? X : Y).IsLogarithmic && line.Value <= 0))
                throw new FlextronException(FormattableString.Invariant($"Figure \"{Title}\": the reference line \"{line.Label}\" at {line.Value} cannot be drawn on its axis."));
    }
}
