namespace Flextron.Tokenization;

/// <summary>
/// The pieces of a vocabulary as a tree of UTF-16 units. The children of a node stand side by side, sorted, so that a node costs ten bytes and
/// a step is one vectorised search among a few letters.
/// </summary>
internal sealed class PieceTrie
{
    /// <summary>The node of the empty text.</summary>
    public const int Root = 0;

    private readonly int[] _rootChildren = new int[char.MaxValue + 1];
    private readonly char[] _labels;
    private readonly int[] _firstChild, _ids;

    /// <param name="pieces">Pieces and their ids; of equal pieces the first counts, and the empty one is ignored.</param>
    public PieceTrie(IEnumerable<(string Piece, int Id)> pieces)
    {
        (string Piece, int Id)[] sorted = [.. pieces.Where(p => p.Piece.Length > 0).DistinctBy(p => p.Piece, StringComparer.Ordinal).OrderBy(p => p.Piece, StringComparer.Ordinal)];
        List<char> labels = ['\0'];
        List<int> firstChild = [], ids = [];
        // Breadth first: each entry is a node's depth and the range of the sorted pieces that go through it.
        var queue = new Queue<(int Depth, int From, int To)>();
        queue.Enqueue((0, 0, sorted.Length));
        while (queue.TryDequeue(out (int Depth, int From, int To) node))
        {
            int at = node.From;
            bool ends = at < node.To && sorted[at].Piece.Length == node.Depth;
            ids.Add(ends ? sorted[at++].Id : -1);
            firstChild.Add(labels.Count);
            while (at < node.To)
            {
                char label = sorted[at].Piece[node.Depth];
                int from = at;
                while (at < node.To && sorted[at].Piece[node.Depth] == label) at++;
                if (node.Depth == 0) _rootChildren[label] = labels.Count;
                labels.Add(label);
                queue.Enqueue((node.Depth + 1, from, at));
            }
        }
        firstChild.Add(labels.Count);
        (_labels, _firstChild, _ids) = ([.. labels], [.. firstChild], [.. ids]);
    }

    /// <summary>The child of a node by its unit, or <see cref="Root"/> where there is none.</summary>
    public int Step(int node, char unit)
    {
        if (node == Root) return _rootChildren[unit];
        int first = _firstChild[node], index = _labels.AsSpan(first, _firstChild[node + 1] - first).IndexOf(unit);
        return index < 0 ? Root : first + index;
    }

    /// <summary>The id of the piece that ends at a node, or -1.</summary>
    public int IdAt(int node) => _ids[node];
}
