namespace Flextron.Tests.Tokenization;

/// <summary>Textbook byte-pair encoding on strings, quadratic: looks at every pair, joins the leftmost of the lowest rank, begins again.</summary>
internal static class NaiveBpe
{
    /// <summary>Joins by a list of merges, the earlier first.</summary>
    public static List<string> ByMerges(IEnumerable<string> symbols, IReadOnlyList<(string Left, string Right)> merges)
    {
        List<string> word = [.. symbols];
        Dictionary<(string, string), int> ranks = merges.Select((merge, rank) => (merge, rank)).ToDictionary(m => m.merge, m => m.rank);
        while (true)
        {
            int best = int.MaxValue, at = -1;
            for (int i = 0; i + 1 < word.Count; i++)
                if (ranks.TryGetValue((word[i], word[i + 1]), out int rank) && rank < best) (best, at) = (rank, i);
            if (at < 0) return word;
            word[at] += word[at + 1];
            word.RemoveAt(at + 1);
        }
    }

    /// <summary>Joins where the concatenation is a piece, the best score first, as llama2.c does.</summary>
    public static List<int> ByScores(IEnumerable<int> ids, IReadOnlyList<string> pieces, IReadOnlyList<float> scores, Dictionary<string, int> lookup)
    {
        List<int> word = [.. ids];
        while (true)
        {
            float best = float.NegativeInfinity;
            int at = -1, to = -1;
            for (int i = 0; i + 1 < word.Count; i++)
            {
                if (!lookup.TryGetValue(pieces[word[i]] + pieces[word[i + 1]], out int id) || scores[id] <= best) continue;
                (best, at, to) = (scores[id], i, id);
            }
            if (at < 0) return word;
            word[at] = to;
            word.RemoveAt(at + 1);
        }
    }

    /// <summary>Trains merges on words of symbols: counts every pair anew for every merge; ties go to the smaller left, then right id.</summary>
    public static List<(string Left, string Right)> Train(IEnumerable<List<string>> words, List<string> tokens, int size, int minimum)
    {
        List<List<string>> corpus = [.. words.Select(w => w.ToList())];
        var merges = new List<(string, string)>();
        while (tokens.Count < size)
        {
            var counts = new Dictionary<(string Left, string Right), int>();
            foreach (List<string> word in corpus)
                for (int i = 0; i + 1 < word.Count; i++)
                    counts[(word[i], word[i + 1])] = counts.GetValueOrDefault((word[i], word[i + 1])) + 1;
            if (counts.Count == 0) break;
            ((string left, string right), int count) = counts.OrderByDescending(c => c.Value)
                .ThenBy(c => tokens.IndexOf(c.Key.Left)).ThenBy(c => tokens.IndexOf(c.Key.Right)).First();
            if (count < minimum) break;
            merges.Add((left, right));
            if (!tokens.Contains(left + right)) tokens.Add(left + right);
            foreach (List<string> word in corpus)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != left || word[i + 1] != right) continue;
                    word[i] += right;
                    word.RemoveAt(i + 1);
                }
            }
        }
        return merges;
    }
}
