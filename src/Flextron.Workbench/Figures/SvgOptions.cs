namespace Flextron.Workbench.Figures;

/// <summary>Sizes of a static figure. The defaults read well printed 16 cm wide.</summary>
/// <param name="Width">Width of the picture in pixels, 360 or more; figures with square cells or plots may be narrower.</param>
/// <param name="PlotHeight">Height of the plot area alone in pixels, 80 or more; titles, axes and legend come on top.</param>
/// <param name="FontSize">Size of axis text in pixels; titles are a little larger.</param>
public sealed record SvgOptions(int Width = 640, int PlotHeight = 280, double FontSize = 12);
