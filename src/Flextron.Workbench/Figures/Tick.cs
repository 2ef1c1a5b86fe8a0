namespace Flextron.Workbench.Figures;

/// <summary>A labelled division of an axis.</summary>
/// <param name="Value">Where it stands, in data units.</param>
/// <param name="Label">How it reads.</param>
public readonly record struct Tick(double Value, string Label);
