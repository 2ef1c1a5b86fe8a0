using Flextron.Tokenization;

namespace Flextron.Tests.Data;

/// <summary>One id a UTF-16 unit, offset by a constant; counts what it encodes and can be made to stop.</summary>
internal sealed class LetterTokenizer(int offset = 2) : Tokenizer
{
    private int encoded;

    /// <summary>Texts encoded so far.</summary>
    public int Encoded => encoded;

    /// <summary>Called before each text.</summary>
    public Action<int>? OnEncode { get; init; }

    public override int VocabularySize => offset + char.MaxValue + 1;

    public override int? BosId => null;

    public override int? EosId => 1;

    public override bool AddsBos => false;

    public override int[] Encode(string text, bool addSpecialTokens = true)
    {
        int count = Interlocked.Increment(ref encoded);
        OnEncode?.Invoke(count);
        return [.. text.Select(c => c + offset)];
    }

    public override string Decode(IEnumerable<int> ids) => string.Concat(ids.Where(id => id >= offset).Select(id => (char)(id - offset)));

    public override string TokenText(int id) => ((char)(id - offset)).ToString();
}
