namespace Flextron.Workbench.Figures;

/// <summary>How a line shows the interval around its points.</summary>
public enum IntervalMark
{
    /// <summary>A shaded band along the line.</summary>
    Band,

    /// <summary>A bar with caps at every point.</summary>
    ErrorBars,
}
