using System.Globalization;
using System.Net;
using System.Text;

namespace Flextron.Notebooks.Display;

/// <summary>A table of texts, drawn as HTML and as aligned plain text; numbers stand to the right.</summary>
/// <param name="Columns">Headings.</param>
/// <param name="Rows">Cells, one array a row.</param>
/// <param name="Note">A line below; null for none.</param>
public sealed record TextGrid(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, string? Note = null)
{
    /// <summary>As HTML; styles are in the elements, so that it looks the same wherever a notebook is opened.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder("<table>\n<thead><tr>");
        bool[] right = Right();
        for (int c = 0; c < Columns.Count; c++) Cell(html, "th", Columns[c], right[c]);
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in Rows)
        {
            html.Append("<tr>");
            for (int c = 0; c < Columns.Count; c++) Cell(html, "td", row[c], right[c]);
            html.Append("</tr>\n");
        }
        html.Append("</tbody>\n</table>\n");
        if (Note is not null) html.Append("<p>").Append(WebUtility.HtmlEncode(Note)).Append("</p>\n");
        return html.ToString();
    }

    /// <summary>As aligned text.</summary>
    public string ToText()
    {
        bool[] right = Right();
        int[] widths = [.. Columns.Select((name, c) => Rows.Select(r => r[c].Length).Append(name.Length).Max())];
        IEnumerable<string> lines = new[] { Columns }.Concat(Rows)
            .Select(r => string.Join("  ", r.Select((text, c) => right[c] ? text.PadLeft(widths[c]) : text.PadRight(widths[c]))).TrimEnd());
        return string.Join('\n', Note is null ? lines : lines.Append(Note));
    }

    private bool[] Right() => [.. Columns.Select((_, c) => Rows.Count > 0 && Rows.All(r => r[c].Length == 0 || IsNumber(r[c])))];

    private static bool IsNumber(string text) =>
        double.TryParse(text.TrimEnd('%').Trim(), NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out _) || text is "…";

    private static void Cell(StringBuilder html, string tag, string text, bool right) =>
        html.Append('<').Append(tag).Append(right ? " style=\"text-align:right\">" : " style=\"text-align:left\">").Append(WebUtility.HtmlEncode(text)).Append("</").Append(tag).Append('>');
}
