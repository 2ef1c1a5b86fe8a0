using Flextron.Notebooks.Display;

namespace Flextron.Notebooks.Formats;

/// <summary>How values of this project and of the libraries it stands on are shown.</summary>
internal static class HostFormats
{
    public static void Register()
    {
        ValueFormatter.Register<TextGrid>((MimeTypes.Html, g => g.ToHtml()), (MimeTypes.Text, g => g.ToText()));
    }
}
