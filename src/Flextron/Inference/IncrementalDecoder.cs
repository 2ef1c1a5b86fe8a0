using Flextron.Tokenization;

namespace Flextron.Inference;

/// <summary>
/// Turns ids that arrive one by one into text that can be shown at once: a character whose bytes are spread over several tokens is held back
/// until it is whole. The pieces end to end are the text of all ids.
/// </summary>
public sealed class IncrementalDecoder
{
    private const char Incomplete = '\uFFFD';

    // No character has so many tokens. Ids that still end in the middle of one are no text, and are looked at ever more seldom: trying each time would cost
    // the square of their number.
    private const int TriedEachTime = 16;

    private readonly Tokenizer tokenizer;
    private readonly List<int> ids;
    private int shownFrom, shownTo, nextTry;

    /// <summary>Begins after a context.</summary>
    /// <param name="tokenizer">The tokenizer of the ids.</param>
    /// <param name="context">What stands before; not shown, but it decides whether a leading space belongs to the text.</param>
    public IncrementalDecoder(Tokenizer tokenizer, IReadOnlyList<int> context)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(context);
        this.tokenizer = tokenizer;
        ids = [.. context];
        // A few ids of context are enough, and keep the cost per id constant.
        shownFrom = Math.Max(0, ids.Count - 8);
        shownTo = ids.Count;
    }

    /// <summary>Takes the next id.</summary>
    /// <returns>The text that is now certain; empty while a character is incomplete.</returns>
    public string Add(int id)
    {
        ids.Add(id);
        return Take(whole: false);
    }

    /// <summary>What every token adds to the text, one piece for each id; a character of several tokens stands with the last of them, a special token is empty.</summary>
    /// <param name="tokenizer">The tokenizer of the ids.</param>
    /// <param name="ids">A whole text's.</param>
    /// <returns>Pieces that are the text, end to end.</returns>
    public static string[] Pieces(Tokenizer tokenizer, IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var decoder = new IncrementalDecoder(tokenizer, []);
        string[] pieces = [.. ids.Select(decoder.Add)];
        if (pieces.Length > 0) pieces[^1] += decoder.Flush();
        return pieces;
    }

    /// <summary>The rest, bytes that never became a character as U+FFFD.</summary>
    public string Flush() => Take(whole: true);

    private string Take(bool whole)
    {
        int pending = ids.Count - shownTo;
        if (!whole && pending < nextTry) return "";
        nextTry = pending < TriedEachTime ? 0 : pending + pending / 4;
        string before = Text(shownFrom, shownTo), after = Text(shownFrom, ids.Count);
        if (after.Length <= before.Length || !after.StartsWith(before, StringComparison.Ordinal)) return "";
        if (after[^1] == Incomplete && !whole) return "";
        // What is shown now becomes the context of the next ids, so that their first piece keeps its leading space. It begins and ends with
        // whole characters.
        (shownFrom, shownTo, nextTry) = (shownTo, ids.Count, 0);
        return after[before.Length..];
    }

    private string Text(int from, int to) => tokenizer.Decode(ids.GetRange(from, to - from));
}
