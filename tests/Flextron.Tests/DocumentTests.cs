using System.Text.RegularExpressions;
using Flextron.Data;

namespace Flextron.Tests;

public sealed partial class DocumentTests
{
    [Fact]
    public void EveryLinkOfTheDocumentsLeadsSomewhere()
    {
        string root = Path.GetDirectoryName(EmbeddedData.BaseModel.TrimEnd('/'))!;
        root = Path.GetDirectoryName(root)!;
        string[] documents = [.. new[] { "README.md" }.Concat(new[] { "data", "experiments", "notebooks", "environment" }.SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(root, folder), "README.md", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f))))];
        (string Document, string Link)[] links = [.. documents.SelectMany(d => Links().Matches(File.ReadAllText(Path.Combine(root, d))).Select(m => (d, m.Groups[1].Value)))
            .Where(l => !l.Value.Contains("://", StringComparison.Ordinal) && !l.Value.StartsWith('#'))];

        Assert.True(documents.Length >= 8 && links.Length >= 5);
        Assert.All(links, l => Assert.True(
            File.Exists(Path.Combine(root, Path.GetDirectoryName(l.Document)!, l.Link)) || Directory.Exists(Path.Combine(root, Path.GetDirectoryName(l.Document)!, l.Link)),
            $"{l.Document} links to {l.Link}, which is not there"));
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Links();
}
