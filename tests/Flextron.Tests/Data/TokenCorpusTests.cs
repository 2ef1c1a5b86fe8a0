using System.Security.Cryptography;
using Flextron.Data;
using Flextron.Data.Shards;

namespace Flextron.Tests.Data;

public sealed class TokenCorpusTests
{
    [Theory]
    [InlineData(65_535, 2)]
    [InlineData(65_536, 4)]
    [InlineData(2_000_000, 4)]
    public void IdsSurviveTheDisk(int largest, int idBytes)
    {
        using TemporaryFolder folder = TestData.Temporary();
        int[] ids = [.. Enumerable.Range(0, 200_003).Select(i => (int)(i * 7919L % (largest + 1))), largest, 0];
        using TokenCorpus memory = TokenCorpus.OfIds(ids);
        memory.Save(folder["a.ids"]);
        Assert.Equal(136 + (long)ids.Length * idBytes, new FileInfo(folder["a.ids"]).Length);

        using TokenCorpus mapped = TokenCorpus.Load(folder["a.ids"], largest + 1);
        Assert.Equal(ids, mapped.ToArray());
        Assert.Equal(ids[77_777..77_790], mapped.ToArray(77_777, 13));
        Assert.Equal((largest, ids.Length, 1), (mapped.LargestId, mapped.Length, mapped.Documents));
        byte[] bytes = [.. ids.SelectMany(BitConverter.GetBytes)];
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), mapped.Hash());
        Assert.Equal(memory.Hash(), mapped.Hash());
        Assert.Contains($"beyond the model's vocabulary of {largest}", Assert.Throws<FlextronException>(() => TokenCorpus.Load(folder["a.ids"], largest)).Message, StringComparison.Ordinal);
    }

    // Every byte is covered by the checksum or by the checks of the header: whichever is changed, the file is refused.
    [Fact]
    public void NoChangedByteGoesUnseen()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using (TokenCorpus memory = TokenCorpus.OfIds([5, 1, 4, 0, 3])) memory.Save(folder["a.ids"]);
        byte[] sound = File.ReadAllBytes(folder["a.ids"]);
        for (int i = 0; i < sound.Length; i++)
        {
            byte[] damaged = [.. sound];
            damaged[i] ^= 0x40;
            File.WriteAllBytes(folder["b.ids"], damaged);
            Assert.Throws<FlextronException>(() => TokenCorpus.Load(folder["b.ids"], 1000));
        }
        foreach (int length in (int[])[0, 10, 136, sound.Length - 1])
        {
            File.WriteAllBytes(folder["b.ids"], sound[..length]);
            Assert.Throws<FlextronException>(() => TokenCorpus.Load(folder["b.ids"], 1000));
        }
        File.WriteAllBytes(folder["b.ids"], [.. sound, 0, 0]);
        Assert.Contains("cut off", Assert.Throws<FlextronException>(() => TokenCorpus.Load(folder["b.ids"], 1000)).Message, StringComparison.Ordinal);
    }

    // The maker of a hostile file can compute its checksum too.
    [Fact]
    public void AnIdAboveTheHeadersOwnIsRefusedThoughTheChecksumFits()
    {
        using TemporaryFolder folder = TestData.Temporary();
        byte[] header = new ShardHeader(2, 3, 2, 1, 0, new byte[32], new byte[32]).ToBytes(), payload = [2, 0, 200, 0];
        File.WriteAllBytes(folder["a.ids"], [.. header, .. SHA256.HashData([.. payload, .. header]), .. payload]);
        Assert.Contains("damaged", Assert.Throws<FlextronException>(() => TokenCorpus.Load(folder["a.ids"], 10)).Message, StringComparison.Ordinal);
        payload[2] = 3;
        File.WriteAllBytes(folder["a.ids"], [.. header, .. SHA256.HashData([.. payload, .. header]), .. payload]);
        using TokenCorpus sound = TokenCorpus.Load(folder["a.ids"], 10);
        Assert.Equal([2, 3], sound.ToArray());
    }

    [Fact]
    public void AnyCutIntoBlocksReadsTheSame()
    {
        int[] ids = [.. Enumerable.Range(0, 50)];
        Random random = new(1);
        for (int trial = 0; trial < 200; trial++)
        {
            int[] cuts = [0, .. Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(51)).Order(), 50];
            using TokenCorpus corpus = TokenCorpus.OfBlocks([.. cuts.Zip(cuts.Skip(1)).Select(c => new ArrayBlock(ids[c.First..c.Second]))]);
            int start = random.Next(51), length = random.Next(51 - start);
            Assert.Equal(ids[start..(start + length)], corpus.ToArray(start, length));
            TokenCorpus slice = corpus.Slice(start, length);
            Assert.Equal(ids[start..(start + length)], slice.ToArray());
            Assert.Throws<ArgumentOutOfRangeException>(() => slice.ToArray(0, length + 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => slice.Slice(1, length));
        }
    }

    [Fact]
    public void DocumentsAreEncodedInOrderAndClosed()
    {
        string[] documents = [.. Enumerable.Range(0, 3000).Select(i => new string((char)('a' + i % 26), 1 + i % 500))];
        using TokenCorpus corpus = TokenCorpus.Of(documents, new LetterTokenizer());
        Assert.Equal(documents.SelectMany(d => d.Select(c => c + 2).Append(1)), corpus.ToArray());
        Assert.Equal((3000, documents.Sum(d => d.Length)), (corpus.Documents, corpus.Characters));

        using TokenCorpus few = TokenCorpus.Of(documents, new LetterTokenizer(), maximumTokens: 6);
        Assert.Equal(corpus.ToArray(0, 6), few.ToArray());
        Assert.Equal(3, few.Documents);
    }
}
