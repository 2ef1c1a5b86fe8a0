namespace Flextron.Notebooks.Display;

/// <summary>The kinds of output that notebooks know.</summary>
public static class MimeTypes
{
    /// <summary>Text; every display carries it, for those who show nothing else.</summary>
    public const string Text = "text/plain";

    /// <summary>HTML.</summary>
    public const string Html = "text/html";

    /// <summary>A static picture.</summary>
    public const string Svg = "image/svg+xml";

    /// <summary>The numbers behind a picture.</summary>
    public const string Csv = "text/csv";

    /// <summary>An interactive chart: VS Code and JupyterLab's plotly extension draw it.</summary>
    public const string Plotly = "application/vnd.plotly.v1+json";

    /// <summary>Whether the value of a display is JSON rather than text.</summary>
    public static bool IsJson(string mimeType)
    {
        ArgumentNullException.ThrowIfNull(mimeType);
        return mimeType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || mimeType.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }
}
