using Flextron.Data;
using Flextron.Data.Shards;

namespace Flextron.Tests.Data;

[Collection(AloneCollection.Name)]
public sealed class ShardedCorpusTests
{
    private static readonly string Hash = new('a', 64);
    private static readonly string[] Documents = [.. Enumerable.Range(0, 500).Select(i => $"document {i} " + new string('x', i % 90))];

    [Fact]
    public void ShardsHoldWhatMemoryHolds()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using TokenCorpus memory = TokenCorpus.Of(Documents, new LetterTokenizer()), mapped = Prepare(folder.Path, Documents);
        Assert.InRange(Shards(folder).Length, 10, 60);
        Assert.Equal(memory.ToArray(), mapped.ToArray());
        Assert.Equal((memory.Hash(), memory.Documents, memory.Characters), (mapped.Hash(), mapped.Documents, mapped.Characters));
        using TokenCorpus opened = ShardedCorpus.Open(folder.Path, 70_000);
        Assert.Equal(memory.ToArray(), opened.ToArray());
        Assert.Contains("vocabulary of 100", Assert.Throws<FlextronException>(() => ShardedCorpus.Open(folder.Path, 100)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsThereIsNotDoneAgain()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Prepare(folder.Path, Documents).Dispose();
        var tokenizer = new LetterTokenizer();

        // The same stamp: the text is not even read.
        Prepare(folder.Path, new DocumentSource("text", "k", "1", Unreadable()), tokenizer).Dispose();
        // Another stamp, the same text: read, not encoded.
        Prepare(folder.Path, Source(Documents, "2"), tokenizer).Dispose();
        Assert.Equal(0, tokenizer.Encoded);

        // Appended text: only the last shard, which is another now, and what follows.
        string[] more = [.. Documents, .. Documents[..30]];
        using (TokenCorpus corpus = Prepare(folder.Path, Source(more, "3"), tokenizer))
            Assert.Equal(TokenCorpus.Of(more, new LetterTokenizer()).ToArray(), corpus.ToArray());
        Assert.InRange(tokenizer.Encoded, 30, 60);

        // Another tokenizer: everything, and the old shards go.
        int before = Shards(folder).Length;
        var other = new LetterTokenizer(offset: 3);
        using (TokenCorpus corpus = ShardedCorpus.Prepare(folder.Path, Source(more, "3"), other, new string('b', 64), shardCharacters: 1000))
            Assert.Equal(TokenCorpus.Of(more, new LetterTokenizer(3)).ToArray(), corpus.ToArray());
        Assert.Equal(more.Length, other.Encoded);
        Assert.Equal(before, Shards(folder).Length);
    }

    [Fact]
    public void AnInterruptedTokenisationLeavesCompleteShardsAndGoesOnFromThem()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using var stop = new CancellationTokenSource();
        var stopped = new LetterTokenizer { OnEncode = n => { if (n == 250) stop.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => ShardedCorpus.Prepare(folder.Path, Source(Documents), stopped, Hash, 1000, cancellation: stop.Token));
        Assert.False(File.Exists(folder[ShardManifest.FileName]));
        Assert.Throws<FlextronException>(() => ShardedCorpus.Open(folder.Path, 70_000));
        int complete = Shards(folder).Length;
        Assert.InRange(complete, 5, 40);
        foreach (string shard in Shards(folder)) TokenCorpus.Load(shard, 70_000).Dispose();
        // What a killed process would have left beside them.
        File.WriteAllText(Shards(folder)[0] + ".1-x.tmp", "half");

        var tokenizer = new LetterTokenizer();
        using TokenCorpus corpus = Prepare(folder.Path, Source(Documents), tokenizer);
        Assert.Equal(TokenCorpus.Of(Documents, new LetterTokenizer()).ToArray(), corpus.ToArray());
        Assert.InRange(tokenizer.Encoded, 1, Documents.Length - complete);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.tmp"));
    }

    [Fact]
    public void DamagedShardsAreMadeAgain()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Prepare(folder.Path, Documents).Dispose();
        byte[] bytes = File.ReadAllBytes(Shards(folder)[2]);
        bytes[^1] ^= 1;
        File.WriteAllBytes(Shards(folder)[2], bytes);
        File.Delete(Shards(folder)[5]);
        Assert.Throws<FlextronException>(() => ShardedCorpus.Open(folder.Path, 70_000));

        var tokenizer = new LetterTokenizer();
        using TokenCorpus corpus = Prepare(folder.Path, Source(Documents), tokenizer);
        Assert.Equal(TokenCorpus.Of(Documents, new LetterTokenizer()).ToArray(), corpus.ToArray());
        Assert.InRange(tokenizer.Encoded, 2, 120);
        File.WriteAllText(folder[ShardManifest.FileName], "{");
        Prepare(folder.Path, Source(Documents), tokenizer).Dispose();
        ShardedCorpus.Open(folder.Path, 70_000).Dispose();
    }

    [Fact]
    public void AManifestThatLeadsElsewhereIsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Prepare(folder["a"], Documents).Dispose();
        string shard = Path.GetFileName(Directory.GetFiles(folder["a"], "*.ids")[0]), manifest = Path.Combine(folder["a"], ShardManifest.FileName);
        File.Move(Path.Combine(folder["a"], shard), folder[shard]);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(shard, $"../{shard}", StringComparison.Ordinal));
        Assert.Contains("outside its folder", Assert.Throws<FlextronException>(() => ShardedCorpus.Open(folder["a"], 70_000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATextThatChangesWhileItIsReadIsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        int reads = 0;
        IEnumerable<string> Changing()
        {
            reads++;
            foreach (string document in Documents) yield return reads > 1 && document == Documents[200] ? "another" : document;
        }

        var e = Assert.Throws<FlextronException>(() => Prepare(folder.Path, new DocumentSource("text", "k", "1", Changing()), new LetterTokenizer()));
        Assert.Contains("text was changed while it was read", e.Message, StringComparison.Ordinal);
    }

    // 160 MB of text that exists nowhere as a whole. The live heap is looked at while it is tokenised: it must not grow with the text.
    [Fact]
    public void MemoryDoesNotGrowWithTheText()
    {
        using TemporaryFolder folder = TestData.Temporary();
        const int Count = 8_000;
        long before = GC.GetTotalMemory(forceFullCollection: true), most = 0;
        IEnumerable<string> Text()
        {
            for (int i = 0; i < Count; i++)
            {
                if (i % 1000 == 999) most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
                yield return new string((char)('a' + i % 26), 10_000);
            }
        }

        using TokenCorpus corpus = ShardedCorpus.Prepare(folder.Path, new DocumentSource("text", "k", "1", Text()), new LetterTokenizer(), Hash, shardCharacters: 10_000_000);
        Assert.Equal(Count * 10_001L, corpus.Length);
        Assert.Equal('a' + 2 + (Count - 1) % 26, corpus.ToArray(corpus.Length - 2, 1)[0]);
        Assert.InRange(most - before, long.MinValue, 48L << 20);
    }

    private static TokenCorpus Prepare(string folder, string[] documents) => Prepare(folder, Source(documents), new LetterTokenizer());

    private static TokenCorpus Prepare(string folder, DocumentSource source, LetterTokenizer tokenizer) =>
        ShardedCorpus.Prepare(folder, source, tokenizer, Hash, shardCharacters: 1000);

    private static DocumentSource Source(string[] documents, string stamp = "1") => new("text", "k", stamp, documents);

    private static string[] Shards(TemporaryFolder folder) => [.. Directory.GetFiles(folder.Path, "*.ids").Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Unreadable()
    {
        Assert.Fail("the text was read again");
        yield break;
    }
}
