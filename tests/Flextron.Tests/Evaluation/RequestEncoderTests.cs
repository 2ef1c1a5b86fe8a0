using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Tests.Evaluation.Scoring;

namespace Flextron.Tests.Evaluation;

public class RequestEncoderTests
{
    [Fact]
    public void SplitsTheWholeEncodingAfterTheContextsOwnTokens()
    {
        var tokenizer = new ToyTokenizer(pieces: [" b"]);
        EncodedRequest encoded = new RequestEncoder(tokenizer).Encode("a", " bc");
        Assert.Equal([0, tokenizer.Id('a')], encoded.Tokens.Context);
        Assert.Equal([2, tokenizer.Id('c')], encoded.Tokens.Continuation);
        Assert.False(encoded.BoundaryFallback);
    }

    [Fact]
    public void WhitespaceAtTheEndOfTheContextMovesToTheContinuation()
    {
        var encoder = new RequestEncoder(new ToyTokenizer(pieces: [" b"]));
        EncodedRequest moved = encoder.Encode("a ", "b"), plain = encoder.Encode("a", " b");
        Assert.Equal(plain.Tokens.Context, moved.Tokens.Context);
        Assert.Equal(plain.Tokens.Continuation, moved.Tokens.Continuation);
        // Python also counts U+001F as whitespace.
        Assert.Equal(2, encoder.Encode("a\x1f", "b").Tokens.Continuation.Length);
    }

    [Fact]
    public void AMergeThatLeavesNothingFallsBackToTheCommonPrefix()
    {
        // "x ab" → BOS, x, " ab"; its context "x a" → BOS, x, " ", a: longer than the whole.
        var tokenizer = new ToyTokenizer(pieces: [" ab"]);
        EncodedRequest encoded = new RequestEncoder(tokenizer).Encode("x a", "b");
        Assert.True(encoded.BoundaryFallback);
        Assert.Equal([0, tokenizer.Id('x')], encoded.Tokens.Context);
        Assert.Equal([2], encoded.Tokens.Continuation);
        // Without BOS and with nothing in common the prefix token is the context.
        EncodedRequest bare = new RequestEncoder(new ToyTokenizer(addsBos: false, hasBos: false, pieces: ["ab"])).Encode("a", "b");
        Assert.True(bare.BoundaryFallback);
        Assert.Equal([1], bare.Tokens.Context);
        Assert.Equal([2], bare.Tokens.Continuation);
    }

    [Fact]
    public void AMergeThatLeavesSomethingKeepsTheUsualRule()
    {
        // "ab" merges, but "c" is still beyond the context's two tokens (BOS, a).
        var tokenizer = new ToyTokenizer(pieces: ["ab"]);
        EncodedRequest encoded = new RequestEncoder(tokenizer).Encode("a", "bc");
        Assert.False(encoded.BoundaryFallback);
        Assert.Equal([0, tokenizer.Id('a')], encoded.Tokens.Context);
        Assert.Equal([tokenizer.Id('c')], encoded.Tokens.Continuation);
    }

    [Fact]
    public void AnEmptyContextIsOnePrefixToken()
    {
        var tokenizer = new ToyTokenizer();
        EncodedRequest encoded = new RequestEncoder(tokenizer).Encode("", " a");
        Assert.Equal([0], encoded.Tokens.Context);
        Assert.Equal([tokenizer.Id(' '), tokenizer.Id('a')], encoded.Tokens.Continuation);
        Assert.Equal([1], new RequestEncoder(new ToyTokenizer(addsBos: false, hasBos: false)).Encode("", "a").Tokens.Context);
        Assert.Throws<FlextronException>(() => new RequestEncoder(new ToyTokenizer(false, false, false)).Encode("", "a"));
    }

    [Fact]
    public void ThereAreNeverTwoBos()
    {
        var tokenizer = new BosTextTokenizer();
        EncodedRequest encoded = new RequestEncoder(tokenizer).Encode("<s>a", " b");
        Assert.Equal([0, 'a'], encoded.Tokens.Context);
        Assert.Equal([' ', 'b'], encoded.Tokens.Continuation);
    }

    [Fact]
    public void RequestsOfOneContextShareItsArray()
    {
        EncodedRequest[] encoded = new RequestEncoder(new ToyTokenizer()).EncodeAll([new("ab", " c"), new("ab", " d"), new("a", " d")]);
        Assert.Same(encoded[0].Tokens.Context, encoded[1].Tokens.Context);
        Assert.Equal(2, encoded[2].Tokens.Context.Length);
    }

    /// <summary>Characters as ids; "&lt;s&gt;" in a text is parsed as BOS, which is also added in front.</summary>
    private sealed class BosTextTokenizer : Flextron.Tokenization.Tokenizer
    {
        public override int VocabularySize => 256;

        public override int? BosId => 0;

        public override int? EosId => 1;

        public override bool AddsBos => true;

        public override int[] Encode(string text, bool addSpecialTokens = true) =>
            [.. (addSpecialTokens ? "\0" : "").Concat(text.Replace("<s>", "\0", StringComparison.Ordinal)).Select(c => (int)c)];

        public override string Decode(IEnumerable<int> ids) => string.Concat(ids.Select(id => (char)id));

        public override string TokenText(int id) => ((char)id).ToString();
    }
}
