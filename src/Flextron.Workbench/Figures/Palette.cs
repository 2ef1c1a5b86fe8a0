namespace Flextron.Workbench.Figures;

/// <summary>
/// Colours, dashes, markers and hatches of successive series. The colours are the set of Okabe and Ito (2008), made to be told apart with
/// colour-blind eyes; the other three tell the series apart without any colour.
/// </summary>
internal static class Palette
{
    public const string Ink = "#222222", Muted = "#5f5f5f", Grid = "#e4e4e4", Frame = "#8a8a8a";

    private static readonly string[] Colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800"];
    private static readonly string[] SvgDashes = ["", "7 3", "2 2.5", "8 3 2 3", "11 3", "4 2", "8 2.5 2 2.5 2 2.5", "1 3"];
    private static readonly string[] PlotlyDashes = ["solid", "dash", "dot", "dashdot", "longdash", "4px,2px", "longdashdot", "1px,3px"];
    private static readonly string[] PlotlyMarkers = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x", "star"];
    private static readonly string[] PlotlyHatches = ["", "/", ".", "x", "\\", "-", "+", "|"];

    // Pale to dark in equal steps of lightness, so that the order survives grey print.
    private static readonly (int R, int G, int B)[] Shades =
        [(245, 249, 253), (218, 232, 245), (186, 214, 235), (136, 190, 220), (83, 157, 204), (42, 122, 185), (11, 85, 159), (8, 48, 107)];

    public static string Colour(int series) => Colours[series % Colours.Length];

    public static string Dash(int series) => SvgDashes[Shifted(series, SvgDashes.Length)];

    public static string PlotlyDash(int series) => PlotlyDashes[Shifted(series, PlotlyDashes.Length)];

    public static int Marker(int series) => Shifted(series, PlotlyMarkers.Length);

    public static string PlotlyMarker(int series) => PlotlyMarkers[Marker(series)];

    public static int Hatch(int series) => Shifted(series, PlotlyHatches.Length);

    public static string PlotlyHatch(int series) => PlotlyHatches[Hatch(series)];

    // Colours repeat after eight series; what tells series apart without colour is then another.
    private static int Shifted(int series, int count) => (series + 3 * (series / count)) % count;

    /// <summary>The shade of a share from 0 (pale) to 1 (dark), and whether white text reads better on it.</summary>
    public static (string Colour, bool Dark) Shade(double share)
    {
        double at = Math.Clamp(share, 0, 1) * (Shades.Length - 1);
        int i = Math.Min((int)at, Shades.Length - 2);
        double t = at - i;
        (int r, int g, int b) = (Mix(Shades[i].R, Shades[i + 1].R), Mix(Shades[i].G, Shades[i + 1].G), Mix(Shades[i].B, Shades[i + 1].B));
        // Relative luminance of WCAG 2: below 0.18 white has the greater contrast.
        double luminance = 0.2126 * Linear(r) + 0.7152 * Linear(g) + 0.0722 * Linear(b);
        return ($"#{r:X2}{g:X2}{b:X2}", luminance < 0.18);

        int Mix(int from, int to) => (int)Math.Round(from + t * (to - from));
        static double Linear(int channel) => channel / 255.0 is var c && c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
    }
}
