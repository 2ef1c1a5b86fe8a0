using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Flextron.Tests.Workbench.Figures;

/// <summary>The corners of everything that an SVG draws; text is taken as 0.5 em a character (0.62 for capitals), about what a browser measures.</summary>
internal static partial class SvgBounds
{
    public static IEnumerable<(string What, double X, double Y)> Corners(XElement svg)
    {
        foreach (XElement e in svg.Descendants().Where(e => !e.Ancestors().Any(a => a.Name.LocalName == "defs")))
        {
            switch (e.Name.LocalName)
            {
                case "rect":
                    yield return ("rect", Number(e, "x"), Number(e, "y"));
                    yield return ("rect", Number(e, "x") + Number(e, "width"), Number(e, "y") + Number(e, "height"));
                    break;
                case "line":
                    yield return ("line", Number(e, "x1"), Number(e, "y1"));
                    yield return ("line", Number(e, "x2"), Number(e, "y2"));
                    break;
                case "circle":
                    yield return ("circle", Number(e, "cx") - Number(e, "r"), Number(e, "cy") - Number(e, "r"));
                    yield return ("circle", Number(e, "cx") + Number(e, "r"), Number(e, "cy") + Number(e, "r"));
                    break;
                case "path":
                    foreach ((double x, double y) in Points(e)) yield return ("path", x, y);
                    break;
                case "text":
                    foreach ((double x, double y) in Text(e)) yield return ($"text \"{e.Value}\"", x, y);
                    break;
            }
        }
    }

    /// <summary>The absolute points of a path made of M, L, V and h.</summary>
    public static IEnumerable<(double X, double Y)> Points(XElement path)
    {
        double x = 0, y = 0;
        foreach (Match m in Command().Matches((string)path.Attribute("d")!))
        {
            double[] n = [.. m.Groups[2].Value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
            (x, y) = m.Groups[1].Value switch { "M" or "L" => (n[0], n[1]), "V" => (x, n[0]), "h" => (x + n[0], y), _ => (x, y) };
            yield return (x, y);
        }
    }

    private static IEnumerable<(double X, double Y)> Text(XElement e)
    {
        double x = Number(e, "x"), y = Number(e, "y"), size = Number(e, "font-size"), width = e.Value.Sum(c => char.IsUpper(c) ? 0.62 : 0.5) * size;
        double left = (string?)e.Attribute("text-anchor") switch { "middle" => -width / 2, "end" => -width, _ => 0 };
        Match turn = Rotation().Match((string?)e.Attribute("transform") ?? "");
        double angle = turn.Success ? double.Parse(turn.Groups[1].Value, CultureInfo.InvariantCulture) * Math.PI / 180 : 0;
        foreach (double dx in new[] { left, left + width })
            foreach (double dy in new[] { -0.75 * size, 0.22 * size })
                yield return (x + dx * Math.Cos(angle) - dy * Math.Sin(angle), y + dx * Math.Sin(angle) + dy * Math.Cos(angle));
    }

    private static double Number(XElement e, string attribute) => double.Parse((string?)e.Attribute(attribute) ?? "0", CultureInfo.InvariantCulture);

    [GeneratedRegex("([MLVhZ])([-0-9.,]*)")]
    private static partial Regex Command();

    [GeneratedRegex(@"rotate\(([-0-9.]+)")]
    private static partial Regex Rotation();
}
