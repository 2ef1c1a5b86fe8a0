namespace Flextron.Workbench.Reports;

/// <summary>A value with its uncertainty, shown as "value ± error".</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Error">Its uncertainty in the same unit; what it means (standard error, half a 95 % interval) belongs in the caption.</param>
public readonly record struct PlusMinus(double Value, double Error);
