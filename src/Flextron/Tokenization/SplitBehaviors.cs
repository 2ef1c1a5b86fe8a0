namespace Flextron.Tokenization;

/// <summary>What becomes of the matches when a text is cut at a pattern.</summary>
internal enum SplitBehavior
{
    /// <summary>Matches are left out.</summary>
    Removed,

    /// <summary>Each match is a piece of its own.</summary>
    Isolated,

    /// <summary>A match ends the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>A match begins the piece after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring matches are one piece.</summary>
    Contiguous,
}

/// <summary>Cuts a segment at matches.</summary>
internal static class SplitBehaviors
{
    /// <param name="segment">What to cut.</param>
    /// <param name="matches">Matches in order, relative to the segment.</param>
    /// <param name="behavior">What becomes of the matches.</param>
    /// <param name="invert">Whether matches and what lies between them change roles.</param>
    /// <param name="output">Receives the pieces; none is empty.</param>
    public static void Cut(Segment segment, List<(int Start, int Length)> matches, SplitBehavior behavior, bool invert, List<Segment> output)
    {
        if (behavior == SplitBehavior.Isolated)
        {
            int at = 0;
            foreach ((int start, int length) in matches)
            {
                if (start > at) output.Add(segment.Part(at, start - at));
                if (length > 0) output.Add(segment.Part(start, length));
                at = start + length;
            }
            if (at < segment.Length) output.Add(segment.Part(at, segment.Length - at));
            return;
        }
        var stretches = new List<(int Start, int End, bool Match)>();
        int done = 0;
        foreach ((int start, int length) in matches)
        {
            if (start > done) stretches.Add((done, start, invert));
            stretches.Add((start, start + length, !invert));
            done = start + length;
        }
        if (done < segment.Length) stretches.Add((done, segment.Length, invert));

        for (int i = 0; i < stretches.Count; i++)
        {
            (int start, int end, bool match) = stretches[i];
            switch (behavior)
            {
                case SplitBehavior.Removed when match:
                    continue;
                case SplitBehavior.Contiguous:
                    while (i + 1 < stretches.Count && stretches[i + 1].Match == match) end = stretches[++i].End;
                    break;
                // A match joins only one that is not itself a match.
                case SplitBehavior.MergedWithPrevious when !match && i + 1 < stretches.Count && stretches[i + 1].Match:
                case SplitBehavior.MergedWithNext when match && i + 1 < stretches.Count && !stretches[i + 1].Match:
                    end = stretches[++i].End;
                    break;
            }
            if (end > start) output.Add(segment.Part(start, end - start));
        }
    }
}
