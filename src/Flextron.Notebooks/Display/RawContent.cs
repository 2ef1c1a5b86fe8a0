namespace Flextron.Notebooks.Display;

/// <summary>Content that is already in the form it is shown in.</summary>
/// <param name="MimeType">The form.</param>
/// <param name="Content">The content.</param>
public sealed record RawContent(string MimeType, string Content);
