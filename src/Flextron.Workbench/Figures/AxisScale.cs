namespace Flextron.Workbench.Figures;

/// <summary>How values are spread along an axis.</summary>
public enum AxisScale
{
    /// <summary>Equal steps for equal differences.</summary>
    Linear,

    /// <summary>Equal steps for equal ratios (base 10); every value must be positive.</summary>
    Logarithmic,
}
