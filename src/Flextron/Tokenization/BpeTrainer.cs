using System.Runtime.InteropServices;
using System.Text;
using Flextron.Progress;

namespace Flextron.Tokenization;

/// <summary>
/// Trains a byte-level byte-pair encoding (Sennrich et al. 2016; bytes and word pattern as in GPT-2, Radford et al. 2019): beginning from
/// the 256 bytes, the most frequent neighbouring pair within words becomes a token, again and again. Equal counts are decided by the
/// smaller left id, then the smaller right id, so the result depends on the texts and settings alone.
/// </summary>
public static class BpeTrainer
{
    /// <summary>Trains a tokenizer.</summary>
    /// <param name="texts">The training texts; read once. Words do not cross texts.</param>
    /// <param name="settings">Vocabulary size and special tokens.</param>
    /// <param name="progress">Reports while texts are counted (in characters, total unknown) and while merges are made (in tokens).</param>
    /// <returns>A tokenizer that <see cref="HuggingFaceTokenizerWriter"/> can save.</returns>
    /// <exception cref="FlextronException">The settings contradict themselves.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, BpeTrainerSettings settings, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        IReadOnlyList<string> special = settings.AllSpecialTokens();

        // Ids after the special tokens: the bytes, in the order of their stand-in characters.
        var tokens = new List<string>(special);
        var byteIds = new int[256];
        foreach (int b in Enumerable.Range(0, 256).OrderBy(b => ByteLevelAlphabet.OfByte((byte)b)))
        {
            byteIds[b] = tokens.Count;
            tokens.Add(ByteLevelAlphabet.OfByte((byte)b).ToString());
        }
        Dictionary<string, long> words = CountWords(texts, special, progress);
        List<(int Left, int Right)> merges = new PairMerger(words, byteIds).Run(tokens, special, settings, progress);
        return HuggingFaceTokenizerWriter.Create(tokens, merges, settings);
    }

    private static Dictionary<string, long> CountWords(IEnumerable<string> texts, IReadOnlyList<string> special, IProgress<StageProgress>? progress)
    {
        TextPattern pattern = TextPattern.Regular(PreTokenizer.Gpt2Pattern, "the training texts");
        var matcher = new AddedTokenMatcher(special.Select(t => (t, new AddedToken(0, t, true, false, false, false, false))));
        var counts = new Dictionary<string, long>();
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> bySpan = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        var matches = new List<(int Start, int Length)>();
        long characters = 0, reported = 0;
        foreach (string raw in texts)
        {
            string text = TextEncoding.WithoutLoneSurrogates(raw);
            matcher.Split(text, (token, start, length) =>
            {
                if (token is not null) return;
                ReadOnlySpan<char> stretch = text.AsSpan(start, length);
                pattern.Matches(stretch, matches);
                foreach ((int at, int count) in matches) CollectionsMarshal.GetValueRefOrAddDefault(bySpan, stretch.Slice(at, count), out _)++;
            });
            characters += text.Length;
            if (characters - reported < 1 << 20) continue;
            progress?.Report(new StageProgress("Counting words", characters, 0));
            reported = characters;
        }
        return counts;
    }

    /// <summary>
    /// Keeps the count of every pair and the words it occurs in, so that a merge touches only those words. The queue holds pairs by the count
    /// they had when it was entered; an outdated entry is corrected when it comes up.
    /// </summary>
    private sealed class PairMerger
    {
        private readonly List<(int[] Ids, long Count)> _words = [];
        private readonly Dictionary<(int Left, int Right), long> _counts = [];
        private readonly Dictionary<(int Left, int Right), List<int>> _places = [];
        private readonly PriorityQueue<(int Left, int Right), (long NegativeCount, int Left, int Right)> _queue = new();
        private readonly HashSet<(int Left, int Right)> _grown = [];

        public PairMerger(Dictionary<string, long> words, int[] byteIds)
        {
            foreach ((string word, long count) in words)
            {
                int[] ids = Array.ConvertAll(Encoding.UTF8.GetBytes(word), b => byteIds[b]);
                if (ids.Length < 2) continue;
                _words.Add((ids, count));
                Add(_words.Count - 1, ids, count);
            }
            Enqueue();
        }

        public List<(int Left, int Right)> Run(List<string> tokens, IReadOnlyList<string> special, BpeTrainerSettings settings, IProgress<StageProgress>? progress)
        {
            Dictionary<string, int> idOf = tokens.Select((t, i) => (t, i)).ToDictionary(p => p.t, p => p.i, StringComparer.Ordinal);
            var merges = new List<(int, int)>();
            while (tokens.Count < settings.VocabularySize && _queue.TryDequeue(out (int Left, int Right) pair, out (long NegativeCount, int, int) priority))
            {
                long count = _counts.GetValueOrDefault(pair);
                if (count != -priority.NegativeCount)
                {
                    if (count > 0) _queue.Enqueue(pair, (-count, pair.Left, pair.Right));
                    continue;
                }
                if (count < settings.MinimumPairCount) break;
                // Two pairs can spell the same token: it keeps its id, and both merges lead to it.
                string text = tokens[pair.Left] + tokens[pair.Right];
                if (!idOf.TryGetValue(text, out int id))
                {
                    id = tokens.Count;
                    tokens.Add(text);
                    idOf.Add(text, id);
                }
                else if (id < special.Count)
                {
                    // Spelled like a special token by chance: it must stay special.
                    _counts.Remove(pair);
                    continue;
                }
                merges.Add(pair);
                Apply(pair, id);
                if (tokens.Count % 256 == 0) progress?.Report(new StageProgress("Merging pairs", tokens.Count, settings.VocabularySize));
            }
            return merges;
        }

        private void Apply((int Left, int Right) pair, int id)
        {
            if (!_places.Remove(pair, out List<int>? places)) return;
            int last = -1;
            foreach (int place in places)
            {
                if (place == last) continue;
                last = place;
                (int[] ids, long count) = _words[place];
                int[] merged = Replace(ids, pair, id);
                if (merged.Length == ids.Length) continue;
                for (int i = 0; i + 1 < ids.Length; i++) _counts[(ids[i], ids[i + 1])] -= count;
                _words[place] = (merged, count);
                Add(place, merged, count);
            }
            Enqueue();
        }

        private void Add(int place, int[] ids, long count)
        {
            for (int i = 0; i + 1 < ids.Length; i++)
            {
                (int, int) pair = (ids[i], ids[i + 1]);
                CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += count;
                ref List<int>? places = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _);
                places ??= [];
                if (places.Count == 0 || places[^1] != place) places.Add(place);
                _grown.Add(pair);
            }
        }

        private void Enqueue()
        {
            foreach ((int Left, int Right) pair in _grown)
                if (_counts.GetValueOrDefault(pair) is > 0 and long count) _queue.Enqueue(pair, (-count, pair.Left, pair.Right));
            _grown.Clear();
        }

        private static int[] Replace(int[] ids, (int Left, int Right) pair, int id)
        {
            var result = new int[ids.Length];
            int count = 0;
            for (int i = 0; i < ids.Length; i++)
            {
                bool match = i + 1 < ids.Length && ids[i] == pair.Left && ids[i + 1] == pair.Right;
                result[count++] = match ? id : ids[i];
                if (match) i++;
            }
            return count == ids.Length ? ids : result[..count];
        }
    }
}
