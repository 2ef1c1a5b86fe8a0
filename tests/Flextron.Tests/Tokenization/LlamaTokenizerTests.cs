using System.Text;
using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public class LlamaTokenizerTests
{
    [Theory]
    [InlineData("tokenizer.bin")]
    [InlineData("tokenizer.model")]
    public void KnownLlama2Ids(string file)
    {
        Tokenizer tokenizer = TokenizerLoader.Load(TestData.Shared($"models/llama2-tokenizer-32k/{file}"));
        Assert.Equal([1, 15043, 3186], tokenizer.Encode("Hello world"));
        Assert.Equal([1], tokenizer.Encode(""));
        // From the comments of Llama's own tests: a space is a piece of its own in front of a byte.
        Assert.Equal([1, 29871, 13], tokenizer.Encode("\n"));
        Assert.Equal((32000, 1, 2, true), (tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.AddsBos));
    }

    [Fact]
    public void BothFilesOfLlama2GiveTheSameIds()
    {
        Tokenizer bin = TokenizerLoader.Load(TestData.Shared("models/llama2-tokenizer-32k/tokenizer.bin"));
        Tokenizer model = TokenizerLoader.Load(TestData.Shared("models/llama2-tokenizer-32k/tokenizer.model"));
        foreach (string text in SampleTexts.All)
        {
            Assert.Equal(model.Encode(text), bin.Encode(text));
            Assert.Equal(text, bin.Decode(bin.Encode(text)));
            Assert.Equal(text, model.Decode(model.Encode(text)));
        }
        // Only after BOS does llama2.c drop the leading space.
        Assert.Equal(" world", bin.Decode([3186]));
        Assert.Equal("world", model.Decode([3186]));
    }

    [Theory]
    [InlineData("models/stories260k/tokenizer.bin")]
    [InlineData("models/llama2-tokenizer-32k/tokenizer.bin")]
    public void EncodesAsTheNaiveAlgorithmDoes(string file)
    {
        string path = TestData.Shared(file);
        (List<string> pieces, List<float> scores) = ReadBin(path);
        Dictionary<string, int> lookup = Enumerable.Range(259, pieces.Count - 259).GroupBy(i => pieces[i]).ToDictionary(g => g.Key, g => g.First());
        Tokenizer tokenizer = TokenizerLoader.Load(path);
        Assert.Equal(pieces.Count, tokenizer.VocabularySize);
        var random = new Random(7);
        IEnumerable<string> randomTexts = Enumerable.Range(0, 40).Select(i => SampleTexts.Random(random, "abcdeE thion.,'01 \n\t▁éñßЖ中あ", 10 + 4 * i));
        foreach (string text in SampleTexts.All.Concat(randomTexts).Where(t => t.Length > 0))
        {
            IEnumerable<int> symbols = (" " + text).EnumerateRunes().SelectMany(r => lookup.TryGetValue(r.ToString(), out int id)
                ? [id] : Encoding.UTF8.GetBytes(r.ToString()).Select(b => b + 3));
            Assert.Equal(NaiveBpe.ByScores(symbols, pieces, scores, lookup), tokenizer.Encode(text, addSpecialTokens: false));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Fact]
    public void SmallFileOfOurOwn()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllBytes(folder["tokenizer.bin"], Bin(("h", -9), ("i", -9), (" ", -9), ("hi", -1), (" h", -2), (" hi", -3)));
        Tokenizer tokenizer = TokenizerLoader.Load(folder.Path);
        Assert.Equal([1, 264], tokenizer.Encode("hi"));
        // "hi" is better than " h", so the space stays alone until " hi" is reached; é is two bytes.
        Assert.Equal([1, 264, 264, 3 + 0xC3, 3 + 0xA9], tokenizer.Encode("hi hié"));
        Assert.Equal("hi hié", tokenizer.Decode(tokenizer.Encode("hi hié")));
        Assert.Equal("\uFFFD", tokenizer.Decode([3 + 0xC3]));
        Assert.Throws<FlextronException>(() => tokenizer.Decode([265]));
    }

    [Fact]
    public void EveryTruncationOfABinIsRefusedOrASmallerVocabulary()
    {
        using TemporaryFolder folder = TestData.Temporary();
        byte[] whole = Bin(("ab", -1), ("cd", -2));
        string path = folder["tokenizer.bin"];
        int refused = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            if (length % 37 != 0 && length < whole.Length - 25) continue;
            File.WriteAllBytes(path, whole[..length]);
            if (length == whole.Length - 10 || length == whole.Length - 20)
            {
                Assert.Equal(length == whole.Length - 10 ? 260 : 259, TokenizerLoader.Load(path).VocabularySize);
                continue;
            }
            Assert.Contains(path, Assert.Throws<FlextronException>(() => TokenizerLoader.Load(path)).Message, StringComparison.Ordinal);
            refused++;
        }
        Assert.True(refused > 50);
    }

    [Theory]
    [InlineData(4, new byte[] { 0, 0, 0xC0, 0x7F }, "score")]
    [InlineData(8, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, "bytes")]
    [InlineData(8, new byte[] { 0xFF, 0xFF, 0xFF, 0x7F }, "bytes")]
    [InlineData(12, new byte[] { 0xFF }, "UTF-8")]
    [InlineData(0, new byte[] { 0, 0, 0, 0 }, "length")]
    public void HostileBinsAreRefused(int offset, byte[] bytes, string named)
    {
        using TemporaryFolder folder = TestData.Temporary();
        byte[] file = Bin(("ab", -1));
        bytes.CopyTo(file, offset);
        File.WriteAllBytes(folder["tokenizer.bin"], file);
        FlextronException e = Assert.Throws<FlextronException>(() => TokenizerLoader.Load(folder["tokenizer.bin"]));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
        Assert.Contains(folder["tokenizer.bin"], e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedModelFilesAreRefused()
    {
        byte[] whole = File.ReadAllBytes(TestData.Shared("models/llama2-tokenizer-32k/tokenizer.model"));
        using TemporaryFolder folder = TestData.Temporary();
        string path = folder["tokenizer.model"];
        foreach (int length in (int[])[0, 1, 3, 1000, 100_001, whole.Length - 1])
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Contains(path, Assert.Throws<FlextronException>(() => TokenizerLoader.Load(path)).Message, StringComparison.Ordinal);
        }
        // A character model: the trainer settings say so (field 2, in it field 3 = 4).
        File.WriteAllBytes(path, [10, 3, 10, 1, (byte)'a', 18, 2, 24, 4]);
        Assert.Contains("a character model", Assert.Throws<FlextronException>(() => TokenizerLoader.Load(path)).Message, StringComparison.Ordinal);
    }

    private static byte[] Bin(params (string Text, float Score)[] pieces)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(8);
        IEnumerable<(string, float)> special = [("<unk>", 0), ("\n<s>\n", 0), ("\n</s>\n", 0)];
        foreach ((string text, float score) in special.Concat(Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f))).Concat(pieces))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            writer.Write(score);
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
        writer.Flush();
        return stream.ToArray();
    }

    private static (List<string> Pieces, List<float> Scores) ReadBin(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        reader.ReadInt32();
        var pieces = new List<string>();
        var scores = new List<float>();
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            scores.Add(reader.ReadSingle());
            pieces.Add(Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32())));
        }
        return (pieces, scores);
    }
}
