using System.Buffers;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>What a unigram model consists of; see <see cref="UnigramModel"/>.</summary>
internal sealed record UnigramDefinition
{
    /// <summary>The pieces that text is made of, with id and log probability.</summary>
    public required IReadOnlyList<(string Text, int Id, double Score)> Pieces { get; init; }

    /// <summary>Log probability of a character that is no piece.</summary>
    public required double UnknownScore { get; init; }

    /// <summary>Id for such characters, neighbours becoming one; null where a vocabulary has none.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Id for each byte of such characters (-1: none), or null without byte fallback.</summary>
    public int[]? FallbackBytes { get; init; }

    /// <summary>Whether sums of scores are kept in single precision, as SentencePiece keeps them; it decides between equals.</summary>
    public bool SinglePrecision { get; init; }

    /// <summary>Whether words recur, so that their ids are worth remembering.</summary>
    public bool Cached { get; init; }
}

/// <summary>
/// Unigram language model (Kudo 2018): of all ways to cut a text into pieces, the one of the highest sum of log probabilities, found from left
/// to right (Viterbi). Of equal sums the one found first counts, whose last piece begins further left.
/// </summary>
internal sealed class UnigramModel : ITokenModel
{
    private readonly UnigramDefinition _definition;
    private readonly PieceTrie _trie;
    private readonly double[] _scores;
    private readonly WordCache? _cache;

    public UnigramModel(UnigramDefinition definition)
    {
        _definition = definition;
        _trie = new PieceTrie(definition.Pieces.Select(p => (p.Text, p.Id)));
        _scores = new double[definition.Pieces.Count == 0 ? 0 : definition.Pieces.Max(p => p.Id) + 1];
        foreach ((_, int id, double score) in definition.Pieces) _scores[id] = score;
        _cache = definition.Cached ? new WordCache() : null;
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> word, List<int> output)
    {
        if (word.IsEmpty || _cache?.TryAppend(word, output) == true) return;
        int first = output.Count;
        double[] sums = ArrayPool<double>.Shared.Rent(word.Length + 1);
        int[] starts = ArrayPool<int>.Shared.Rent(word.Length + 1), ids = ArrayPool<int>.Shared.Rent(word.Length + 1);
        FindBest(word, sums, starts, ids);
        // The path is known from its end; the starts are turned round to point forwards.
        for (int end = word.Length, next = -1; end >= 0;)
        {
            int start = starts[end];
            starts[end] = next;
            if (end == 0) break;
            (next, end) = (end, start);
        }
        bool unknown = false;
        for (int start = 0; start < word.Length;)
        {
            int end = starts[start], id = ids[end];
            if (id >= 0) output.Add(id);
            else AddUnknown(word[start..end], unknown, output);
            unknown = id < 0;
            start = end;
        }
        ArrayPool<double>.Shared.Return(sums);
        ArrayPool<int>.Shared.Return(starts);
        ArrayPool<int>.Shared.Return(ids);
        _cache?.Add(word, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(output)[first..]);
    }

    private void FindBest(ReadOnlySpan<char> word, double[] sums, int[] starts, int[] ids)
    {
        starts.AsSpan(0, word.Length + 1).Fill(-1);
        sums[0] = 0;
        int used;
        for (int start = 0; start < word.Length; start += used)
        {
            used = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
            double before = sums[start];
            bool single = false;
            for (int at = start, node = PieceTrie.Root; at < word.Length;)
            {
                node = _trie.Step(node, word[at++]);
                if (node == PieceTrie.Root) break;
                int id = _trie.IdAt(node);
                if (id < 0) continue;
                single |= at - start == used;
                double sum = before + _scores[id];
                if (starts[at] >= 0 && sum <= sums[at]) continue;
                (starts[at], ids[at], sums[at]) = (start, id, _definition.SinglePrecision ? (float)sum : sum);
            }
            if (single) continue;
            double guess = before + _definition.UnknownScore;
            if (_definition.SinglePrecision) guess = (float)guess;
            int end = start + used;
            if (starts[end] < 0 || guess > sums[end]) (starts[end], ids[end], sums[end]) = (start, -1, guess);
        }
    }

    // Neighbouring unknown characters are one piece, of which the bytes stand for themselves or one id for all.
    private void AddUnknown(ReadOnlySpan<char> character, bool afterUnknown, List<int> output)
    {
        if (_definition.FallbackBytes is { } fallback)
        {
            Span<byte> bytes = stackalloc byte[4];
            int count = Encoding.UTF8.GetBytes(character, bytes);
            bool all = true;
            foreach (byte b in bytes[..count]) all &= fallback[b] >= 0;
            if (all)
            {
                foreach (byte b in bytes[..count]) output.Add(fallback[b]);
                return;
            }
        }
        if (_definition.UnknownId is { } id && !afterUnknown) output.Add(id);
    }
}
