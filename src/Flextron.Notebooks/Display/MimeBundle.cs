namespace Flextron.Notebooks.Display;

/// <summary>One displayed value in all the forms it has; a front end takes the richest that it can show.</summary>
/// <param name="Data">Content by MIME type; JSON types hold JSON text, pictures other than SVG base64.</param>
public sealed record MimeBundle(IReadOnlyDictionary<string, string> Data)
{
    /// <summary>The text form, or nothing.</summary>
    public string Text => Data.GetValueOrDefault(MimeTypes.Text, "");
}
