using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public class BpeMergerTests
{
    // Overlapping and nested merges, one token with two derivations, one merge that can never come first.
    private static readonly string[] s_merges = ["a b", "b a", "a a", "ab a", "a ba", "aa aa", "ab ab", "c ab", "aba c", "abab c", "b b", "bb bb"];

    [Theory]
    [InlineData(3)]
    [InlineData(30)]
    [InlineData(48)]
    [InlineData(49)]
    [InlineData(200)]
    public void MergesAsTheTextbookDoes(int length)
    {
        var random = new Random(length);
        (string Left, string Right)[] merges = [.. s_merges.Select(m => (m.Split(' ')[0], m.Split(' ')[1]))];
        string[] tokens = [.. new[] { "a", "b", "c" }.Concat(merges.Select(m => m.Left + m.Right)).Distinct()];
        Tokenizer tokenizer = JsonSample.Bpe(tokens, s_merges).Load();
        for (int i = 0; i < 50; i++)
        {
            string text = SampleTexts.Random(random, "aaabbc", length);
            Assert.Equal(NaiveBpe.ByMerges(text.Select(c => c.ToString()), merges), tokenizer.Tokens(text));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Fact]
    public void RandomMergeTablesAgreeWithTheTextbook()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            List<string> tokens = ["a", "b", "c", "▁", "é", "𐐀"];
            var merges = new List<(string Left, string Right)>();
            while (merges.Count < 25)
            {
                (string Left, string Right) merge = (tokens[random.Next(tokens.Count)], tokens[random.Next(tokens.Count)]);
                if (merges.Contains(merge)) continue;
                merges.Add(merge);
                if (!tokens.Contains(merge.Left + merge.Right)) tokens.Add(merge.Left + merge.Right);
            }
            Tokenizer tokenizer = JsonSample.Bpe(tokens, merges.Select(m => $"{m.Left} {m.Right}")).Load();
            for (int i = 0; i < 10; i++)
            {
                string[] symbols = [.. Enumerable.Range(0, random.Next(1, 120)).Select(_ => tokens[random.Next(6)])];
                Assert.Equal(NaiveBpe.ByMerges(symbols, merges), tokenizer.Tokens(string.Concat(symbols)));
            }
        }
    }

    [Fact]
    public void EqualRanksMergeFromTheLeft()
    {
        var table = new MergeTable([(0, 1, 9, 5), (1, 0, 3, 5)]);
        int[] ids = [0, 1, 0, 1, 0];
        Assert.Equal(3, BpeMerger.Merge(ids, table));
        Assert.Equal([9, 9, 0], ids[..3]);
    }

    [Fact]
    public void ALongUnbrokenTextTakesLittleTime()
    {
        string[] powers = [.. Enumerable.Range(0, 10).Select(p => new string('a', 1 << p))];
        Tokenizer tokenizer = JsonSample.Bpe(powers, powers[..^1].Select(p => $"{p} {p}")).Load();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        int[] ids = tokenizer.Encode(new string('a', (1 << 20) + 1));
        // It takes a fraction of a second on an idle machine; merging in quadratic time would take a quarter of an hour.
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), $"{watch.Elapsed}");
        Assert.Equal([.. Enumerable.Repeat(9, 2048), 0], ids);
    }
}
