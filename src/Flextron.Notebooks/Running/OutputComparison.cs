using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flextron.Notebooks.Display;
using Flextron.Notebooks.Documents;

namespace Flextron.Notebooks.Running;

/// <summary>
/// Compares the outputs of two runs of a notebook. Numbers agree within a relative tolerance or one unit of their last printed digit; times
/// ("12 ms", "3.4 s", "4,630 tokens/s") are not compared, nor are pictures and markup, which are drawn from what is compared. Of cells tagged <c>volatile</c>
/// only the kinds of their outputs are: a figure that has become an error is found even there.
/// </summary>
public static partial class OutputComparison
{
    /// <summary>Numbers may differ by so much: another processor sums in another order, and training enlarges that.</summary>
    public const double DefaultTolerance = 0.02;

    private const string Chart = "chart", Numbers = "numbers of the figure";

    /// <summary>Lists the differences, at most one a cell.</summary>
    /// <param name="committed">The notebook as it was.</param>
    /// <param name="now">As it came out; an injected cell is left out.</param>
    /// <param name="tolerance">Largest relative difference of numbers.</param>
    public static IReadOnlyList<OutputDifference> Compare(NotebookDocument committed, NotebookDocument now, double tolerance = DefaultTolerance)
    {
        NotebookCell[] before = Cells(committed), after = Cells(now);
        if (before.Length != after.Length) return [new OutputDifference(0, "number of code cells", before.Length.ToString(CultureInfo.InvariantCulture), after.Length.ToString(CultureInfo.InvariantCulture))];
        var differences = new List<OutputDifference>();
        for (int i = 0; i < before.Length; i++)
        {
            if (after[i].Tags.Contains(NotebookCell.VolatileTag))
            {
                (string was, string isNow) = (string.Join(", ", before[i].Outputs.Select(Kind)), string.Join(", ", after[i].Outputs.Select(Kind)));
                if (was != isNow) differences.Add(new OutputDifference(i + 1, "kinds of outputs", was, isNow));
                continue;
            }
            (string What, string Text)[] old = [.. Shown(before[i])], fresh = [.. Shown(after[i])];
            if (old.Length != fresh.Length)
            {
                differences.Add(new OutputDifference(i + 1, "number of outputs", old.Length.ToString(CultureInfo.InvariantCulture), fresh.Length.ToString(CultureInfo.InvariantCulture)));
                continue;
            }
            OutputDifference? first = old.Zip(fresh, (o, n) => Difference(i + 1, o, n, tolerance)).FirstOrDefault(d => d is not null);
            if (first is not null) differences.Add(first);
        }
        return differences;
    }

    /// <summary>Whether two texts agree.</summary>
    internal static bool Agree(string a, string b, double tolerance)
    {
        (string[] words, string[] numbers) = Parts(a);
        (string[] otherWords, string[] otherNumbers) = Parts(b);
        return words.SequenceEqual(otherWords) && numbers.Zip(otherNumbers).All(p => NumbersAgree(p.First, p.Second, tolerance));
    }

    private static NotebookCell[] Cells(NotebookDocument document) => [.. document.Cells.Where(c => c.IsCode && !c.Tags.Contains(NotebookCell.InjectedTag))];

    // "console (stdout)", "error", or the forms that a display has.
    private static string Kind(JsonObject output) => NotebookJson.Text(output["output_type"]) switch
    {
        "stream" => $"console ({NotebookJson.Text(output["name"])})",
        "error" => "error",
        _ => output["data"] is JsonObject data ? string.Join(" + ", data.Select(d => d.Key).Order(StringComparer.Ordinal)) : "nothing",
    };

    private static IEnumerable<(string What, string Text)> Shown(NotebookCell cell)
    {
        foreach (JsonObject output in cell.Outputs)
        {
            switch (NotebookJson.Text(output["output_type"]))
            {
                case "stream":
                    yield return (Kind(output), NotebookJson.Text(output["text"]));
                    break;
                case "error":
                    yield return ("error", NotebookJson.Text(output["evalue"]));
                    break;
                default:
                    if (output["data"] is not JsonObject data) continue;
                    yield return ("text", NotebookJson.Text(data[MimeTypes.Text]));
                    if (data[MimeTypes.Csv] is { } numbers) yield return (Numbers, NotebookJson.Text(numbers));
                    else if (data[MimeTypes.Plotly]?["data"] is { } chart) yield return (Chart, chart.ToJsonString());
                    break;
            }
        }
    }

    private static OutputDifference? Difference(int cell, (string What, string Text) old, (string What, string Text) now, double tolerance)
    {
        if (old.What != now.What) return new OutputDifference(cell, "kind of output", old.What, now.What);
        string[] oldLines = Lines(old), nowLines = Lines(now);
        for (int i = 0; i < Math.Max(oldLines.Length, nowLines.Length); i++)
        {
            string a = oldLines.ElementAtOrDefault(i) ?? "", b = nowLines.ElementAtOrDefault(i) ?? "";
            if (!Agree(a, b, tolerance)) return new OutputDifference(cell, string.Create(CultureInfo.InvariantCulture, $"{old.What}, line {i + 1}"), Shorten(a), Shorten(b));
        }
        return null;
    }

    // Commas between numbers are not those within numbers: "1,234" in a list is two of them.
    private static string[] Lines((string What, string Text) output) => output.What switch
    {
        Chart => output.Text.Replace(",", ", ", StringComparison.Ordinal).Replace("], ", "],\n", StringComparison.Ordinal).Split('\n'),
        Numbers => output.Text.TrimEnd().Replace(",", ", ", StringComparison.Ordinal).ReplaceLineEndings("\n").Split('\n'),
        _ => output.Text.TrimEnd().ReplaceLineEndings("\n").Split('\n'),
    };

    private static string Shorten(string text) => text.Length > 120 ? text[..120] + "…" : text;

    // Columns move when a number grows by a digit: runs of blanks and of rule characters count as one.
    private static (string[] Words, string[] Numbers) Parts(string text)
    {
        string plain = Blanks().Replace(Times().Replace(text, "‹time›"), m => m.Value[0] is ' ' or '\t' ? " " : m.Value[..1]).Trim();
        return ([.. Number().Split(plain).Select(w => w.Trim())], [.. Number().Matches(plain).Select(m => m.Value)]);
    }

    private static bool NumbersAgree(string a, string b, double tolerance)
    {
        (double x, double y) = (Parse(a), Parse(b));
        double lastDigit = Math.Max(LastDigit(a), LastDigit(b));
        return Math.Abs(x - y) <= Math.Max(tolerance * Math.Max(Math.Abs(x), Math.Abs(y)), lastDigit * 1.0001);
    }

    private static double Parse(string text) => double.Parse(text.Replace(",", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture);

    // The unit of the last digit of a number with decimals; whole numbers are exact but for the tolerance.
    private static double LastDigit(string text)
    {
        string mantissa = text.Split('e', 'E')[0];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (point < 0) return 0;
        double exponent = text.Length > mantissa.Length ? double.Parse(text[(mantissa.Length + 1)..], CultureInfo.InvariantCulture) : 0;
        return Math.Pow(10, exponent - (mantissa.Length - point - 1));
    }

    [GeneratedRegex(@"(?<![\w.])[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")]
    private static partial Regex Number();

    [GeneratedRegex(@"(?<![\w.])\d+(?:[,.]\d+)*\s?(?:ns|µs|us|ms|s|min|h)\b(?:\s\d+ (?:s|min|h)\b)?|(?<![\w.])\d+(?:[,.]\d+)*(?:(?: tokens)?/s\b| each\b)")]
    private static partial Regex Times();

    [GeneratedRegex(@"[ \t]+|-{2,}|─{2,}|={2,}")]
    private static partial Regex Blanks();
}
