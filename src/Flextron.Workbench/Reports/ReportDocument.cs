using Flextron.Storage;
using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Reports;

/// <summary>
/// A written-up result: headings, text, tables, figures and raw settings in the order added, written as one self-contained page and as Markdown.
/// Texts take a little Markdown: paragraphs, lists, **bold**, *emphasis*, `code` and [links](address); everything else is shown as it is.
/// </summary>
/// <param name="title">Title of the report.</param>
public sealed class ReportDocument(string title)
{
    private readonly List<ReportBlock> _blocks = [];
    private readonly HashSet<string> _ids = [];
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Title of the report.</summary>
    public string Title { get; } = title;

    /// <summary>A line under the title: model, data, date, commit; null for none.</summary>
    public string? Subtitle { get; init; }

    internal IReadOnlyList<ReportBlock> Blocks => _blocks;

    /// <summary>Adds a heading, which also stands in the table of contents.</summary>
    /// <param name="text">Plain text.</param>
    /// <param name="level">1 for a section, 2 for a part of one.</param>
    public ReportDocument Heading(string text, int level = 1)
    {
        if (level is < 1 or > 2) throw new FlextronException($"A report has headings of level 1 and 2, not {level}.");
        string id = string.Join('-', text.ToLowerInvariant().Split([.. text.ToLowerInvariant().Where(c => !char.IsAsciiLetterOrDigit(c))], StringSplitOptions.RemoveEmptyEntries));
        if (id.Length == 0) id = "section";
        string unique = id;
        for (int i = 2; !_ids.Add(unique); i++) unique = $"{id}-{i}";
        return Add(new HeadingBlock(level, text, unique));
    }

    /// <summary>Adds paragraphs and lists.</summary>
    /// <param name="markdown">Text with the marks named above.</param>
    public ReportDocument Text(string markdown) => Add(new TextBlock(MarkdownText.Parse(markdown)));

    /// <summary>Adds a table.</summary>
    public ReportDocument Table(ReportTable table) => Add(new TableBlock(table));

    /// <summary>Adds a figure: the static picture, with the interactive chart a click away.</summary>
    /// <param name="figure">What to show.</param>
    /// <param name="name">Name of its files: letters, digits, '-' and '_'; unique in the report.</param>
    /// <param name="options">Sizes of the static picture; null takes the defaults.</param>
    /// <exception cref="FlextronException">The figure cannot be drawn or the name is unfit.</exception>
    public ReportDocument Figure(Figure figure, string name, SvgOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(figure);
        figure.Validate();
        Claim(name);
        return Add(new FigureBlock(figure, name, _names.Count, options));
    }

    /// <summary>Adds a text whose pieces are shaded.</summary>
    /// <param name="text">What to show.</param>
    /// <param name="name">Name of its files: letters, digits, '-' and '_'; unique in the report.</param>
    /// <param name="caption">What it shows, printed below.</param>
    /// <exception cref="FlextronException">It cannot be drawn or the name is unfit.</exception>
    public ReportDocument Text(ColouredText text, string name, string caption)
    {
        ArgumentNullException.ThrowIfNull(text);
        text.ToSvg();
        Claim(name);
        return Add(new ColouredTextBlock(text, name, _names.Count, caption));
    }

    /// <summary>Adds text that opens on a click, such as the raw settings of a run; shown as it is.</summary>
    /// <param name="summary">What stands on the closed line.</param>
    /// <param name="text">Plain text, kept with its line breaks.</param>
    public ReportDocument Details(string summary, string text) => Add(new DetailsBlock(summary, text));

    /// <summary>Adds the settings of a run as JSON that opens on a click.</summary>
    /// <param name="summary">What stands on the closed line.</param>
    /// <param name="settings">The record to show.</param>
    public ReportDocument Settings<T>(string summary, T settings) => Details(summary, System.Text.Json.JsonSerializer.Serialize(settings, FlextronJson.Indented));

    /// <summary>
    /// Writes <c>report.html</c> (self-contained, opens without a network), <c>report.md</c> and each figure's files in <c>figures/</c>.
    /// </summary>
    /// <param name="folder">Where; created if needed.</param>
    /// <returns>Path of the page.</returns>
    /// <exception cref="FlextronException">The folder cannot be written.</exception>
    public string Write(string folder)
    {
        foreach (FigureBlock block in _blocks.OfType<FigureBlock>())
            FigureFiles.Write(block.Figure, Path.Combine(folder, "figures"), block.Name, block.Options);
        foreach (ColouredTextBlock block in _blocks.OfType<ColouredTextBlock>())
        {
            AtomicFile.WriteAllText(Path.Combine(folder, "figures", block.Name + ".svg"), block.Text.ToSvg());
            AtomicFile.WriteAllText(Path.Combine(folder, "figures", block.Name + ".csv"), Numbers(block.Text));
        }
        AtomicFile.WriteAllText(Path.Combine(folder, "report.md"), MarkdownReport.Render(this));
        string page = Path.Combine(folder, "report.html");
        AtomicFile.WriteAllText(page, HtmlReport.Render(this));
        return page;
    }

    private static string Numbers(ColouredText text) => "token,value\n" + string.Concat(text.Tokens.Zip(text.Values,
        (t, v) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\"{t.Replace("\"", "\"\"", StringComparison.Ordinal)}\",{v:R}\n")));

    private void Claim(string name)
    {
        FigureFiles.RequirePlainName(name);
        if (!_names.Add(name)) throw new FlextronException($"The report \"{Title}\" already has a figure called \"{name}\"; choose another name.");
    }

    private ReportDocument Add(ReportBlock block)
    {
        _blocks.Add(block);
        return this;
    }
}
