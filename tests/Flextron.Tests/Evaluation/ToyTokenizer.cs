using System.Text;
using Flextron.Tokenization;

namespace Flextron.Tests.Evaluation;

/// <summary>Longest match over the given pieces, else single characters. Ids: 0 BOS, 1 EOS, then pieces, then characters.</summary>
internal sealed class ToyTokenizer(bool addsBos = true, bool hasBos = true, bool hasEos = true, params string[] pieces) : Tokenizer
{
    private const int Specials = 2;

    public override int VocabularySize => Specials + pieces.Length + 256;

    public override int? BosId => hasBos ? 0 : null;

    public override int? EosId => hasEos ? 1 : null;

    public override bool AddsBos => addsBos;

    public override int[] Encode(string text, bool addSpecialTokens = true)
    {
        var ids = new List<int>();
        if (addSpecialTokens && addsBos) ids.Add(0);
        for (int i = 0; i < text.Length;)
        {
            int piece = Enumerable.Range(0, pieces.Length)
                .Where(p => text.AsSpan(i).StartsWith(pieces[p], StringComparison.Ordinal)).OrderByDescending(p => pieces[p].Length).FirstOrDefault(-1);
            ids.Add(piece >= 0 ? Specials + piece : Id(text[i]));
            i += piece >= 0 ? pieces[piece].Length : 1;
        }
        return [.. ids];
    }

    public int Id(char c) => Specials + pieces.Length + (c & 255);

    public override string Decode(IEnumerable<int> ids) => ids.Aggregate(new StringBuilder(), (text, id) => text.Append(TokenText(id))).ToString();

    public override string TokenText(int id) =>
        id < Specials ? "" : id < Specials + pieces.Length ? pieces[id - Specials] : ((char)(id - Specials - pieces.Length)).ToString();
}
