namespace Flextron.Workbench.Figures;

/// <summary>A labelled line across the whole plot at one value: chance level, the full model's loss, a latency target.</summary>
/// <param name="Label">Drawn beside the line.</param>
/// <param name="Value">Where it stands, in the unit of the axis that it crosses.</param>
/// <param name="Vertical">True for a line at a value of the x axis; false for one at a value of the y axis.</param>
public sealed record ReferenceLine(string Label, double Value, bool Vertical = false);
