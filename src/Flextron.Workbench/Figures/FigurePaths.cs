namespace Flextron.Workbench.Figures;

/// <summary>Where a figure was written.</summary>
/// <param name="Svg">The static picture.</param>
/// <param name="Csv">The numbers behind it.</param>
/// <param name="Html">The interactive page; needs <see cref="FigureFiles.ScriptName"/> beside it.</param>
public sealed record FigurePaths(string Svg, string Csv, string Html);
