using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// The pairs of neighbouring characters that some merge can join: the last character of its left token with the first of its right.
/// Between any other two characters a text can be cut without changing the encoding.
/// </summary>
internal sealed class CrossingPairs
{
    // ASCII and the metaspace are most of the work: a small table answers for them.
    private const int Small = 129;
    private const char Metaspace = '▁';
    private readonly bool[] _small = new bool[Small * Small];
    private readonly HashSet<long> _others = [];

    public CrossingPairs(BpeDefinition definition)
    {
        foreach ((int leftId, int rightId, _, _) in definition.Merges)
        {
            if (definition.Tokens[leftId] is not { Length: > 0 } left || definition.Tokens[rightId] is not { Length: > 0 } right) continue;
            Rune.DecodeLastFromUtf16(left, out Rune last, out _);
            Rune.DecodeFromUtf16(right, out Rune first, out _);
            int a = Index(last.Value), b = Index(first.Value);
            if (a >= 0 && b >= 0) _small[a * Small + b] = true;
            else _others.Add(((long)last.Value << 32) | (uint)first.Value);
        }
    }

    public bool Contains(int left, int right)
    {
        int a = Index(left), b = Index(right);
        return a >= 0 && b >= 0 ? _small[a * Small + b] : _others.Contains(((long)left << 32) | (uint)right);
    }

    private static int Index(int codePoint) => codePoint < 128 ? codePoint : codePoint == Metaspace ? 128 : -1;
}
