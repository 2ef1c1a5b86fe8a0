namespace Flextron.Workbench.Reports;

/// <summary>A value with its uncertainty, shown as "value ± error".</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Error">Its uncertainty in the same unit; what it means (standard error, half a 95 % interval) belongs in the caption.</param>
public readonly record struct PlusMinus(double Value, double Error)
{
    /// <summary>A value with half of its symmetric interval, or bare where it has none: what stands in a table's cell.</summary>
    public static object Of(double value, double? low, double? high) => low is { } l && high is { } h ? new PlusMinus(value, (h - l) / 2) : value;
}
