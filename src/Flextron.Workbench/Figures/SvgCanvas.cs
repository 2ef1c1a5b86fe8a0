using System.Globalization;
using System.Text;

namespace Flextron.Workbench.Figures;

/// <summary>Writes SVG elements with escaped text and short coordinates.</summary>
internal sealed class SvgCanvas
{
    private readonly StringBuilder _svg = new();

    /// <summary>Opens an element; attribute values may be numbers or text, and null leaves an attribute out.</summary>
    public void Open(string name, params (string Name, object? Value)[] attributes)
    {
        Start(name, attributes);
        _svg.Append(">\n");
    }

    public void Close(string name) => _svg.Append("</").Append(name).Append(">\n");

    public void Element(string name, params (string Name, object? Value)[] attributes)
    {
        Start(name, attributes);
        _svg.Append("/>\n");
    }

    public void TextElement(string name, string text, params (string Name, object? Value)[] attributes)
    {
        Start(name, attributes);
        _svg.Append('>').Append(Escape(text)).Append("</").Append(name).Append(">\n");
    }

    /// <summary>What another canvas holds.</summary>
    public void Raw(SvgCanvas other) => _svg.Append(other._svg);

    /// <summary>Text at a point; <paramref name="anchor"/> is start, middle or end.</summary>
    public void Text(double x, double y, string text, double size, string anchor = "start", string? colour = null, bool bold = false, double rotate = 0, bool halo = false) =>
        TextElement("text", text,
            ("x", x), ("y", y), ("font-size", size), ("text-anchor", anchor == "start" ? null : anchor), ("fill", colour), ("font-weight", bold ? "bold" : null),
            ("transform", rotate == 0 ? null : $"rotate({Number(rotate)} {Number(x)} {Number(y)})"),
            ("stroke", halo ? "#ffffff" : null), ("stroke-width", halo ? 3 : null), ("stroke-linejoin", halo ? "round" : null), ("paint-order", halo ? "stroke" : null));

    public void Line(double x1, double y1, double x2, double y2, string colour, double width, string? dash = null) =>
        Element("line", ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2), ("stroke", colour), ("stroke-width", width), ("stroke-dasharray", string.IsNullOrEmpty(dash) ? null : dash));

    public override string ToString() => _svg.ToString();

    /// <summary>A coordinate with at most two decimals.</summary>
    public static string Number(double value) => (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A path's points: "M1,2L3,4".</summary>
    public static string Path(IEnumerable<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        foreach ((double x, double y) in points)
            path.Append(path.Length == 0 ? 'M' : 'L').Append(Number(x)).Append(',').Append(Number(y));
        return path.ToString();
    }

    /// <summary>Escapes text for XML and leaves out characters that XML 1.0 has no place for.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            switch (c)
            {
                case '&': escaped.Append("&amp;"); break;
                case '<': escaped.Append("&lt;"); break;
                case '>': escaped.Append("&gt;"); break;
                case '"': escaped.Append("&quot;"); break;
                case '\'': escaped.Append("&#39;"); break;
                case '\t' or '\n' or '\r': escaped.Append(' '); break;
                case < ' ' or '\uFFFE' or '\uFFFF': break;
                case >= '\uD800' and <= '\uDFFF':
                    if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) escaped.Append(c).Append(text[++i]);
                    break;
                default: escaped.Append(c); break;
            }
        }
        return escaped.ToString();
    }

    private void Start(string name, (string Name, object? Value)[] attributes)
    {
        _svg.Append('<').Append(name);
        foreach ((string key, object? value) in attributes)
        {
            if (value is null) continue;
            string text = value switch { double d => Number(d), int i => i.ToString(CultureInfo.InvariantCulture), _ => Escape((string)value) };
            _svg.Append(' ').Append(key).Append("=\"").Append(text).Append('"');
        }
    }
}
