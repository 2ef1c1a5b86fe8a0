using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public class UnigramModelTests
{
    // Every cut of a short text, by trying all 2^(n-1) of them.
    [Fact]
    public void FindsTheBestOfAllCuts()
    {
        var random = new Random(5);
        for (int round = 0; round < 200; round++)
        {
            string[] pieces = [.. Enumerable.Range(0, 14).Select(_ => SampleTexts.Random(random, "abc", random.Next(1, 5))).Distinct()];
            double[] scores = [.. pieces.Select(p => -random.NextDouble() * 10)];
            double unknown = scores.Min() - 10;
            UnigramModel model = Model(pieces, scores, unknown);
            string text = SampleTexts.Random(random, "abcd", random.Next(1, 13));
            (double Score, string Cut) best = (double.NegativeInfinity, "");
            for (int cuts = 0; cuts < 1 << (text.Length - 1); cuts++)
            {
                var parts = new List<string>();
                int start = 0;
                for (int i = 1; i <= text.Length; i++)
                {
                    if (i < text.Length && (cuts >> (i - 1) & 1) == 0) continue;
                    parts.Add(text[start..i]);
                    start = i;
                }
                if (parts.Any(p => Array.IndexOf(pieces, p) < 0 && p.Length > 1)) continue;
                double score = parts.Sum(p => Array.IndexOf(pieces, p) is >= 0 and int id ? scores[id] : unknown);
                if (score > best.Score) best = (score, string.Join('|', parts.Select(p => Array.IndexOf(pieces, p) >= 0 ? p : "?")));
            }
            var ids = new List<int>();
            model.Encode(text, ids);
            string expected = string.Join('|', best.Cut.Split('|').Aggregate(new List<string>(), (list, p) =>
            {
                // Neighbouring unknown characters are one.
                if (p != "?" || list.Count == 0 || list[^1] != "?") list.Add(p);
                return list;
            }));
            Assert.Equal(expected, string.Join('|', ids.Select(id => id == 99 ? "?" : pieces[id])));
        }
    }

    [Fact]
    public void ALongTextTakesLinearTime()
    {
        string[] pieces = ["a", "aa", "aaaa", new string('a', 32)];
        UnigramModel model = Model(pieces, [-3, -4, -5, -6], -20);
        var ids = new List<int>();
        model.Encode(new string('a', 3_200_000), ids);
        Assert.Equal(Enumerable.Repeat(3, 100_000), ids);
    }

    [Fact]
    public void TheTrieFindsExactlyItsPieces()
    {
        var random = new Random(3);
        string[] pieces = [.. Enumerable.Range(0, 1500).Select(_ => SampleTexts.Random(random, "abcxyz▁é𐐀中", random.Next(1, 6))).Distinct()];
        var trie = new PieceTrie(pieces.Select((p, i) => (p, i)));
        var known = pieces.Select((p, i) => (p, i)).ToDictionary(p => p.p, p => p.i);
        for (int n = 0; n < 4_000; n++)
        {
            string text = SampleTexts.Random(random, "abcxyz▁é𐐀中", random.Next(1, 6));
            int node = PieceTrie.Root, depth = 0;
            foreach (char c in text)
            {
                node = trie.Step(node, c);
                if (node == PieceTrie.Root) break;
                depth++;
            }
            Assert.Equal(known.GetValueOrDefault(text, -1), depth == text.Length ? trie.IdAt(node) : -1);
            // It goes exactly as far as some piece does.
            Assert.Contains(pieces, p => p.StartsWith(text[..depth], StringComparison.Ordinal));
            if (depth < text.Length) Assert.DoesNotContain(pieces, p => p.StartsWith(text[..(depth + 1)], StringComparison.Ordinal));
        }
    }

    private static UnigramModel Model(string[] pieces, double[] scores, double unknown) => new(new UnigramDefinition
    {
        Pieces = [.. pieces.Select((p, id) => (p, id, scores[id]))], UnknownScore = unknown, UnknownId = 99,
    });
}
