using System.Text;
using Flextron.Inference;
using Flextron.Tokenization;

namespace Flextron.Tests.Inference;

public sealed class IncrementalDecoderTests
{
    // Bytes only: every character beyond ASCII is spread over several tokens.
    private static readonly Tokenizer Bytes = BpeTrainer.Train(["x"], new BpeTrainerSettings { VocabularySize = 257 });

    [Theory]
    [InlineData("plain text")]
    [InlineData("héllo wörld")]
    [InlineData("あいう 漢字")]
    [InlineData("a👩‍🚀b🚀")]
    public void PiecesAreWholeCharactersAndMakeUpTheText(string text)
    {
        int[] ids = Bytes.Encode(text);
        var decoder = new IncrementalDecoder(Bytes, []);
        string[] pieces = [.. ids.Select(decoder.Add), decoder.Flush()];
        Assert.Equal(text, string.Concat(pieces));
        Assert.All(pieces, p => Assert.DoesNotContain('\uFFFD', p));
        Assert.Equal(text.EnumerateRunes().Count(), pieces.Count(p => p.Length > 0));
    }

    [Fact]
    public void EveryTokenHasItsPiece()
    {
        Assert.Equal(["a", "", "é", "b"], IncrementalDecoder.Pieces(Bytes, Bytes.Encode("aéb")));
        Assert.Equal(["a", "\uFFFD"], IncrementalDecoder.Pieces(Bytes, Bytes.Encode("aé")[..2]));
        Assert.Empty(IncrementalDecoder.Pieces(Bytes, []));
    }

    [Fact]
    public void BytesThatNeverBecomeACharacterComeAtTheEnd()
    {
        int[] ids = Bytes.Encode("aé")[..2];
        var decoder = new IncrementalDecoder(Bytes, []);
        Assert.Equal(["a", "", "\uFFFD"], [decoder.Add(ids[0]), decoder.Add(ids[1]), decoder.Flush()]);
    }

    [Fact]
    public void BrokenBytesInTheMiddleDoNotHoldBackWhatFollows()
    {
        int[] ids = [Bytes.Encode("é")[0], .. Bytes.Encode("bc")];
        var decoder = new IncrementalDecoder(Bytes, []);
        Assert.Equal("\uFFFDbc", string.Concat(ids.Select(decoder.Add)));
    }

    [Fact]
    public void EndlessBrokenBytesCostNoSquareOfTheirNumberAndTextAfterThemIsShown()
    {
        int broken = Bytes.Encode("é")[0];
        var decoder = new IncrementalDecoder(Bytes, []);
        const int Many = 20_000;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var shown = new StringBuilder();
        for (int i = 0; i < Many; i++) shown.Append(decoder.Add(broken));
        // Trying at each id would allocate two bytes for each of 20,000² / 2 characters.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
        int[] text = Bytes.Encode(new string('b', Many / 3) + "c");
        foreach (int id in text) shown.Append(decoder.Add(id));
        Assert.EndsWith("bbbc", shown.ToString(), StringComparison.Ordinal);
        shown.Append(decoder.Flush());
        Assert.Equal(Bytes.Decode([.. Enumerable.Repeat(broken, Many), .. text]), shown.ToString());
    }

    [Fact]
    public void TheContextDecidesTheLeadingSpaceButIsNotShown()
    {
        Tokenizer llama = TokenizerLoader.Load(TestData.Shared("models/stories260k"));
        int[] ids = llama.Encode("Once upon a time");
        var first = new IncrementalDecoder(llama, [llama.BosId!.Value]);
        Assert.Equal("Once upon a time", string.Concat(ids.Skip(1).Select(first.Add)));
        var later = new IncrementalDecoder(llama, ids[..2]);
        Assert.Equal("Once upon a time"[llama.Decode(ids[..2]).Length..], string.Concat(ids.Skip(2).Select(later.Add)));
    }
}
