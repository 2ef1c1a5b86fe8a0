using System.Text.RegularExpressions;
using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>
/// WikiText: pages of Wikipedia whose tokens stand apart by spaces. A page is scored as the text it was made from; its words and bytes are counted
/// in the form that it has in the file, so that perplexities of different tokenizers compare.
/// </summary>
internal sealed partial class WikitextTask : ITaskFile
{
    private static readonly (string From, string To)[] Joined =
    [
        (" @-@ ", "-"), (" @,@ ", ","), (" @.@ ", "."),
        (" : ", ": "), (" ; ", "; "), (" . ", ". "), (" ! ", "! "), (" ? ", "? "), (" , ", ", "),
    ];

    private static readonly (string From, string To)[] Tidied =
    [
        ("= = = =", "===="), ("= = =", "==="), ("= =", "=="), (" \u00b0 ", "\u00b0"), (" \n", "\n"), ("\n ", "\n"), (" N ", " 1 "), (" 's", "'s"),
    ];

    /// <inheritdoc/>
    public static IEnumerable<EvaluationTask> Tasks =>
    [
        new()
        {
            Name = "wikitext",
            About = "WikiText-2, test: perplexity per word and byte of whole pages (Merity et al. 2016)",
            Kind = TaskKind.Text,
            Version = "1.1",
            DataNames = ["wikitext/wiki.test.raw", "wikitext/wiki.test.tokens", "wikitext/wiki.test.jsonl", "wikitext/test.jsonl"],
            Read = (path, _) => Read(path),
        },
    ];

    /// <summary>
    /// Reads pages: records with a <c>page</c> each; records with a <c>text</c>, one line of the corpus each; or the plain text of the corpus
    /// (<c>.raw</c>, <c>.tokens</c>, <c>.txt</c>).
    /// </summary>
    private static IEnumerable<EvaluationDocument> Read(string path)
    {
        IEnumerable<string> pages = Path.GetExtension(path).ToLowerInvariant() is ".raw" or ".tokens" or ".txt"
            ? Pages(DataFile.ReadText(path).Split('\n'))
            : Records(path);
        return pages.Select((page, index) => new EvaluationDocument(index, [new EvaluationRequest("", Detokenize(page))], [page], 0));
    }

    /// <summary>A page begins at each heading of the first level, <c> = Title = </c>.</summary>
    public static IEnumerable<string> Pages(IEnumerable<string> lines)
    {
        var page = new List<string>();
        foreach (string line in lines)
        {
            string heading = PythonText.Trim(line.Replace("= = =", "===", StringComparison.Ordinal).Replace("= =", "==", StringComparison.Ordinal));
            if (heading.StartsWith("= ", StringComparison.Ordinal) && heading.EndsWith(" =", StringComparison.Ordinal))
            {
                if (Whole(page) is string finished) yield return finished;
                page.Clear();
            }
            page.Add(line);
        }
        if (Whole(page) is string last) yield return last;

        static string? Whole(List<string> lines)
        {
            string text = string.Join('\n', lines);
            return string.IsNullOrWhiteSpace(text) ? null : text;
        }
    }

    /// <summary>Takes the corpus's spaces out again, in the order of lm-evaluation-harness's rules.</summary>
    public static string Detokenize(string page)
    {
        string text = page.Replace("s '", "s'", StringComparison.Ordinal);
        text = SlashedQuote().Replace(text, "/'[0-9]/");
        foreach ((string from, string to) in Joined) text = text.Replace(from, to, StringComparison.Ordinal);
        text = Round().Replace(text, "($1)");
        text = Square().Replace(text, "[$1]");
        text = Curly().Replace(text, "{$1}");
        text = DoubleQuoted().Replace(text, "\"$1\"");
        text = SingleQuoted().Replace(text, "'$1'");
        foreach ((string from, string to) in Tidied) text = text.Replace(from, to, StringComparison.Ordinal);
        return text;
    }

    /// <summary>Words of a page: one more than its runs of whitespace.</summary>
    public static int Words(string page) => Whitespace().Count(page) + 1;

    private static IEnumerable<string> Records(string path)
    {
        var lines = new List<string>();
        foreach (DataRecord record in RecordReader.Read(path))
        {
            if (record.Has("page")) yield return record.Text("page");
            else lines.AddRange(record.Text("text").TrimEnd('\n').Split('\n'));
        }
        foreach (string page in Pages(lines)) yield return page;
    }

    [GeneratedRegex(@"/' [0-9]/")]
    private static partial Regex SlashedQuote();

    [GeneratedRegex(@"\(\s*([^\)]*?)\s*\)")]
    private static partial Regex Round();

    [GeneratedRegex(@"\[\s*([^\]]*?)\s*\]")]
    private static partial Regex Square();

    [GeneratedRegex(@"\{\s*([^}]*?)\s*\}")]
    private static partial Regex Curly();

    [GeneratedRegex("""
        "\s*([^"]*?)\s*"
        """)]
    private static partial Regex DoubleQuoted();

    [GeneratedRegex(@"'\s*([^']*?)\s*'")]
    private static partial Regex SingleQuoted();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
