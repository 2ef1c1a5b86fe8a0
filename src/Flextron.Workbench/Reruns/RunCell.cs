namespace Flextron.Workbench.Reruns;

/// <summary>A number or text among a run's results.</summary>
/// <param name="Name">Unique in its part.</param>
/// <param name="Result">What says whether it is measured: a name in the summary, or <c>tables/NAME.COLUMN</c>.</param>
/// <param name="Number">The number, or null.</param>
/// <param name="Text">The text where it is no number.</param>
internal sealed record RunCell(string Name, string Result, double? Number, string? Text);
