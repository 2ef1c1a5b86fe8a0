using System.Text;
using Flextron.Storage;

namespace Flextron.Workbench.Figures;

/// <summary>Writes a figure as static picture, numbers and interactive page.</summary>
public static class FigureFiles
{
    /// <summary>The plotly.js that all interactive pages of a folder share.</summary>
    public const string ScriptName = "plotly.min.js";

    /// <summary>Writes <c>name.svg</c>, <c>name.csv</c> and <c>name.html</c>, and once per folder <see cref="ScriptName"/>; all open without a network.</summary>
    /// <param name="figure">What to write.</param>
    /// <param name="folder">Where; created if needed.</param>
    /// <param name="name">File name without extension: letters, digits, '-', '_' and '.'.</param>
    /// <param name="options">Sizes of the static picture; null takes the defaults.</param>
    /// <exception cref="FlextronException">The figure cannot be drawn, the name is not a plain file name, or the folder cannot be written.</exception>
    public static FigurePaths Write(Figure figure, string folder, string name, SvgOptions? options = null)
    {
        RequirePlainName(name);
        var paths = new FigurePaths(Path.Combine(folder, name + ".svg"), Path.Combine(folder, name + ".csv"), Path.Combine(folder, name + ".html"));
        AtomicFile.WriteAllText(paths.Svg, SvgRenderer.Render(figure, options));
        AtomicFile.WriteAllText(paths.Csv, figure.ToCsv());
        WriteScript(folder);
        AtomicFile.WriteAllText(paths.Html,
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{SvgCanvas.Escape(figure.Title)}</title>
            <script src="{ScriptName}" charset="utf-8"></script>
            </head>
            <body>
            {PlotlyRenderer.ToHtmlFragment(figure, "figure")}</body>
            </html>

            """);
        return paths;
    }

    internal static void RequirePlainName(string name)
    {
        if (string.IsNullOrEmpty(name) || name[0] == '.' || name.Length > 120 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new FlextronException($"\"{name}\" is not a plain file name; use letters, digits, '-' and '_'.");
    }

    private static void WriteScript(string folder)
    {
        var script = new FileInfo(Path.Combine(folder, ScriptName));
        if (script.Exists && script.Length == Encoding.UTF8.GetByteCount(PlotlyScript.Source)) return;
        AtomicFile.WriteAllText(script.FullName, PlotlyScript.Source);
        AtomicFile.WriteAllText(script.FullName + ".LICENSE.txt", PlotlyScript.License);
    }
}
