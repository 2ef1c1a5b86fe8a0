using System.Text;

namespace Flextron.Inference;

/// <summary>Ends a text before the first of some strings, and lets through at once whatever cannot be the beginning of one.</summary>
/// <param name="stops">Strings that end the text; none may be empty.</param>
internal sealed class StopFilter(IReadOnlyList<string> stops)
{
    private readonly StringBuilder pending = new();

    /// <summary>Whether one of the strings has come.</summary>
    public bool Found { get; private set; }

    /// <summary>Takes a piece of text.</summary>
    /// <returns>What is now certain to belong to the text.</returns>
    public string Add(string piece)
    {
        if (Found) return "";
        if (stops.Count == 0) return piece;
        pending.Append(piece);
        string text = pending.ToString();
        int first = -1;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }
        Found = first >= 0;
        int certain = Found ? first : text.Length - Held(text);
        pending.Clear().Append(text, certain, Found ? 0 : text.Length - certain);
        return text[..certain];
    }

    /// <summary>What was held back, when no more text comes.</summary>
    public string Flush()
    {
        string rest = Found ? "" : pending.ToString();
        pending.Clear();
        return rest;
    }

    // Length of the longest end of the text that begins one of the strings.
    private int Held(string text)
    {
        int longest = 0;
        foreach (string stop in stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length))) longest = length;
            }
        }
        return longest;
    }
}
