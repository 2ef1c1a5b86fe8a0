namespace Flextron.Data.TinyWorld;

/// <summary>Assigns text to a split by its content.</summary>
internal static class SplitHash
{
    private const ulong Buckets = 40;

    /// <summary>The split of a unit from its hash.</summary>
    public static WorldSplit Of(ulong hash) => (SplitMix64.Mix(hash) % Buckets) switch
    {
        < 34 => WorldSplit.Train,
        < 36 => WorldSplit.Calibration,
        < 38 => WorldSplit.HeldOut,
        _ => WorldSplit.Evaluation,
    };

    /// <summary>FNV-1a over UTF-16 code units.</summary>
    public static ulong Text(ReadOnlySpan<char> text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text) hash = (hash ^ c) * 1099511628211;
        return hash;
    }

    /// <summary>A question with its choices in whatever order: reordering alone never moves a question to another split.</summary>
    public static ulong Choices(string question, ReadOnlySpan<string> choices)
    {
        ulong sum = 0;
        foreach (string choice in choices) sum += SplitMix64.Mix(Text(choice));
        return Text(question) ^ SplitMix64.Mix(sum);
    }
}
