using System.Runtime.InteropServices;

namespace Flextron.Tokenization;

/// <summary>The longest piece from the left, again and again (<c>WordPiece</c>, as BERT has it); a word that cannot be covered is unknown as a whole.</summary>
internal sealed class WordPieceModel : ITokenModel
{
    private readonly PieceTrie _first, _rest;
    private readonly int _unknown, _mostCharacters;

    /// <param name="ids">Id by piece.</param>
    /// <param name="prefix">What marks a piece that does not begin a word.</param>
    /// <param name="unknown">Id of a word that cannot be covered.</param>
    /// <param name="mostCharacters">Words of more code points are unknown.</param>
    public WordPieceModel(Dictionary<string, int> ids, string prefix, int unknown, int mostCharacters)
    {
        (_unknown, _mostCharacters) = (unknown, mostCharacters);
        _first = new PieceTrie(ids.Select(p => (p.Key, p.Value)));
        _rest = new PieceTrie(ids.Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(p => (p.Key[prefix.Length..], p.Value)));
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> word, List<int> output)
    {
        int count = output.Count, characters = 0;
        foreach (char c in word) characters += char.IsLowSurrogate(c) ? 0 : 1;
        for (int start = 0; start < word.Length && characters <= _mostCharacters;)
        {
            PieceTrie trie = start == 0 ? _first : _rest;
            int end = start, id = -1;
            for (int at = start, node = PieceTrie.Root; at < word.Length;)
            {
                node = trie.Step(node, word[at++]);
                if (node == PieceTrie.Root) break;
                if (trie.IdAt(node) >= 0) (end, id) = (at, trie.IdAt(node));
            }
            if (id < 0) break;
            output.Add(id);
            start = end;
            if (start == word.Length) return;
        }
        if (word.IsEmpty) return;
        CollectionsMarshal.SetCount(output, count);
        output.Add(_unknown);
    }
}
