namespace Flextron.Workbench.Experiments;

/// <summary>A setting in which two runs differ.</summary>
/// <param name="Path">Dotted, with list elements as <c>[index]</c>.</param>
/// <param name="A">As JSON in the first run; null where it is not there.</param>
/// <param name="B">As JSON in the second run; null where it is not there.</param>
public sealed record SettingDifference(string Path, string? A, string? B);
