using System.Text;

namespace Flextron.Workbench.Reports;

/// <summary>Writes a report as Markdown with linked pictures.</summary>
internal static class MarkdownReport
{
    public static string Render(ReportDocument report)
    {
        var text = new StringBuilder();
        text.Append("# ").Append(MarkdownText.Literal(report.Title)).Append('\n');
        if (!string.IsNullOrWhiteSpace(report.Subtitle)) text.Append('\n').Append(MarkdownText.InlineMarkdown(report.Subtitle)).Append('\n');
        foreach (ReportBlock block in report.Blocks)
        {
            text.Append('\n');
            switch (block)
            {
                case HeadingBlock heading:
                    text.Append('#', heading.Level + 1).Append(' ').Append(MarkdownText.Literal(heading.Text)).Append('\n');
                    break;
                case TextBlock paragraphs:
                    text.AppendJoin('\n', paragraphs.Groups.Select(Group));
                    break;
                case TableBlock table:
                    if (table.Table.Caption is { } caption) text.Append("**").Append(MarkdownText.Literal(caption)).Append("**\n\n");
                    text.Append(Table(table.Table));
                    break;
                case FigureBlock figure:
                    text.Append("![").Append(MarkdownText.Literal(figure.Figure.Title)).Append("](figures/").Append(figure.Name).Append(".svg)\n\n");
                    text.Append("**Figure ").Append(figure.Number).Append(".** ").Append(MarkdownText.InlineMarkdown(figure.Figure.Caption ?? figure.Figure.Title)).Append(' ');
                    text.Append("([numbers](figures/").Append(figure.Name).Append(".csv), [interactive](figures/").Append(figure.Name).Append(".html))\n");
                    break;
                case ColouredTextBlock coloured:
                    text.Append("![").Append(MarkdownText.Literal(coloured.Caption)).Append("](figures/").Append(coloured.Name).Append(".svg)\n\n");
                    text.Append("**Figure ").Append(coloured.Number).Append(".** ").Append(MarkdownText.InlineMarkdown(coloured.Caption)).Append(' ');
                    text.Append("([numbers](figures/").Append(coloured.Name).Append(".csv))\n");
                    break;
                case DetailsBlock details:
                    // A fence longer than any run of backticks inside keeps the text from ending it.
                    int run = 2;
                    for (int i = 0, n = 0; i < details.Text.Length; i++) run = Math.Max(run, n = details.Text[i] == '`' ? n + 1 : 0);
                    string fence = new('`', run + 1);
                    text.Append("<details><summary>").Append(Figures.SvgCanvas.Escape(details.Title)).Append("</summary>\n\n")
                        .Append(fence).Append('\n').Append(details.Text.ReplaceLineEndings("\n").TrimEnd()).Append('\n').Append(fence).Append("\n\n</details>\n");
                    break;
            }
        }
        return text.ToString();
    }

    /// <summary>A pipe table: numbers right-aligned, the best values bold.</summary>
    public static string Table(ReportTable table)
    {
        var text = new StringBuilder();
        Row(table.Columns.Select(c => MarkdownText.Literal(ReportTable.Heading(c))));
        Row(table.RightAligned.Select(right => right ? "---:" : "---"));
        for (int r = 0; r < table.Rows.Count; r++)
        {
            int row = r;
            Row(table.Rows[r].Select((cell, c) => table.Bold[c].Contains(row) ? $"**{MarkdownText.Literal(cell)}**" : MarkdownText.Literal(cell)));
        }
        return text.ToString();

        void Row(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    private static string Group(TextGroup group) => string.Concat(group.Items.Select((item, i) => group.Kind switch
    {
        "ul" => "- ",
        "ol" => $"{i + 1}. ",
        _ => "",
    } + MarkdownText.InlineMarkdown(item) + "\n"));
}
