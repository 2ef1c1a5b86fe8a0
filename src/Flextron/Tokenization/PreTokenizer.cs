namespace Flextron.Tokenization;

/// <summary>A stretch of a text.</summary>
/// <param name="Text">The text.</param>
/// <param name="Start">First character.</param>
/// <param name="Length">Number of characters.</param>
/// <param name="AtStart">Whether it is the beginning of the whole input.</param>
internal readonly record struct Segment(string Text, int Start, int Length, bool AtStart)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    public Segment Part(int start, int length) => new(Text, Start + start, length, AtStart && start == 0);
}

/// <summary>The <c>pre_tokenizer</c> of a tokenizer.json: cuts a normalized text into the words that the model encodes one by one.</summary>
internal sealed class PreTokenizer
{
    // The word pattern of GPT-2 (Radford et al. 2019), which ByteLevel implies.
    internal const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    // Unicode's punctuation and ASCII's, which counts its symbols too.
    private const string Punctuation = @"[\p{P}$+<=>^`|~]";

    private delegate void SplitStep(Segment segment, List<Segment> output);

    private readonly List<SplitStep> _steps = [];

    private PreTokenizer() { }

    /// <summary>Whether the words are spelled as bytes (<see cref="ByteLevelAlphabet"/>).</summary>
    public bool ByteLevel { get; private set; }

    /// <summary>Reads the part; null stands for no cutting at all.</summary>
    public static PreTokenizer Read(JsonPart? part)
    {
        var result = new PreTokenizer();
        if (part is { } present) result.Add(present);
        return result;
    }

    /// <summary>Cuts a text; the words are appended in order, none of them empty.</summary>
    public void Split(string text, bool atStart, List<Segment> output)
    {
        if (text.Length == 0) return;
        List<Segment> segments = [new Segment(text, 0, text.Length, atStart)];
        foreach (SplitStep step in _steps)
        {
            var next = new List<Segment>();
            foreach (Segment segment in segments) step(segment, next);
            segments = next;
        }
        output.AddRange(segments);
    }

    private void Add(JsonPart part)
    {
        string type = part.Get("type").Text();
        if (ByteLevel) throw part.Unsupported($"{type} after ByteLevel");
        switch (type)
        {
            case "Sequence":
                foreach (JsonPart inner in part.Get("pretokenizers").Items()) Add(inner);
                break;
            case "ByteLevel":
                if (part.Flag("add_prefix_space", true)) _steps.Add((s, o) => o.Add(Prefixed(s, ' ')));
                if (part.Flag("use_regex", true)) AddPattern(TextPattern.Regular(Gpt2Pattern, part.File), SplitBehavior.Isolated, invert: false);
                ByteLevel = true;
                break;
            case "Metaspace":
                AddMetaspace(part);
                break;
            case "Split":
                JsonPart pattern = part.Get("pattern");
                TextPattern compiled = pattern.Find("String") is { } literal
                    ? TextPattern.Literal(literal.Text(), part.File)
                    : TextPattern.Regular(pattern.Get("Regex").Text(), part.File);
                AddPattern(compiled, Behavior(part, "behavior"), part.Flag("invert", false));
                break;
            case "Digits":
                AddPattern(TextPattern.Regular(part.Flag("individual_digits", false) ? @"\p{N}" : @"\p{N}+", part.File), SplitBehavior.Isolated, invert: false);
                break;
            case "Whitespace":
                // This one is defined with another engine's \w, which takes the joiners.
                const string word = PatternTranslator.WordClass + @"\u200C\u200D";
                AddPattern(TextPattern.Regular($@"[{word}]+|[^{word}\s]+", part.File), SplitBehavior.Removed, invert: true);
                break;
            case "WhitespaceSplit":
                AddPattern(TextPattern.Regular(@"\s", part.File), SplitBehavior.Removed, invert: false);
                break;
            case "Punctuation":
                AddPattern(TextPattern.Regular(Punctuation, part.File), part.Find("behavior") is null ? SplitBehavior.Isolated : Behavior(part, "behavior"), invert: false);
                break;
            case "BertPreTokenizer":
                AddPattern(TextPattern.Regular(@"\s", part.File), SplitBehavior.Removed, invert: false);
                AddPattern(TextPattern.Regular(Punctuation, part.File), SplitBehavior.Isolated, invert: false);
                break;
            case "CharDelimiterSplit":
                AddPattern(TextPattern.Literal(part.Get("delimiter").Text(), part.File), SplitBehavior.Removed, invert: false);
                break;
            default:
                throw part.Unsupported($"the pre-tokenizer {type}");
        }
    }

    private void AddMetaspace(JsonPart part)
    {
        string text = part.Text("replacement", "▁")!;
        if (text.Length != 1 || char.IsSurrogate(text[0])) throw part.Bad("has a replacement that is not one character");
        char replacement = text[0];
        string scheme = part.Text("prepend_scheme", null) ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never")) throw part.Unsupported($"the prepend_scheme {scheme}");
        bool split = part.Flag("split", true);
        _steps.Add((segment, output) =>
        {
            string replaced = segment.Text.Substring(segment.Start, segment.Length).Replace(' ', replacement);
            var whole = new Segment(replaced, 0, replaced.Length, segment.AtStart);
            if (scheme == "always" || (scheme == "first" && segment.AtStart)) whole = Prefixed(whole, replacement);
            if (!split)
            {
                output.Add(whole);
                return;
            }
            for (int start = 0; start < whole.Length;)
            {
                int next = whole.Text.IndexOf(replacement, start + 1);
                if (next < 0) next = whole.Length;
                output.Add(whole.Part(start, next - start));
                start = next;
            }
        });
    }

    private void AddPattern(TextPattern pattern, SplitBehavior behavior, bool invert) => _steps.Add((segment, output) =>
    {
        var matches = new List<(int Start, int Length)>();
        pattern.Matches(segment.Span, matches);
        SplitBehaviors.Cut(segment, matches, behavior, invert, output);
    });

    private static Segment Prefixed(Segment segment, char prefix)
    {
        if (segment.Span[0] == prefix) return segment;
        string text = string.Concat([prefix], segment.Span);
        return new Segment(text, 0, text.Length, segment.AtStart);
    }

    private static SplitBehavior Behavior(JsonPart part, string name)
    {
        JsonPart value = part.Get(name);
        return value.Text() switch
        {
            "Removed" => SplitBehavior.Removed,
            "Isolated" => SplitBehavior.Isolated,
            "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
            "MergedWithNext" => SplitBehavior.MergedWithNext,
            "Contiguous" => SplitBehavior.Contiguous,
            string other => throw value.Unsupported($"the split behavior {other}"),
        };
    }
}
