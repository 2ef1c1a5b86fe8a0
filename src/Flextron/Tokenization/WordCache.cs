using System.Collections.Concurrent;

namespace Flextron.Tokenization;

/// <summary>Remembers the ids of words. It only ever grows to a bound: natural text repeats its words, and what comes after the bound is rare.</summary>
internal sealed class WordCache
{
    /// <summary>Longer words are not worth remembering.</summary>
    public const int LongestWord = 128;

    private const int MostWords = 1 << 17;

    private readonly ConcurrentDictionary<string, int[]> _ids = new();
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private int _count;

    public WordCache() => _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Appends a remembered word's ids; false where it is not known.</summary>
    public bool TryAppend(ReadOnlySpan<char> word, List<int> output)
    {
        if (word.Length > LongestWord || !_bySpan.TryGetValue(word, out int[]? ids)) return false;
        output.AddRange(ids.AsSpan());
        return true;
    }

    /// <summary>Remembers a word, unless it is long or the bound is reached.</summary>
    public void Add(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length <= LongestWord && Volatile.Read(ref _count) < MostWords && _ids.TryAdd(word.ToString(), ids.ToArray())) Interlocked.Increment(ref _count);
    }
}
