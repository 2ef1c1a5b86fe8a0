using Flextron.Inference;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Tokenization;

namespace Flextron.Tests.Inference;

public sealed class TextGeneratorTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig(vocabulary: 257) with { BosId = null, EosId = null };
    private static readonly HfWeights Random = RandomLlama.Create(Config, seed: 3);
    private static readonly Tokenizer Bytes = BpeTrainer.Train(["x"], new BpeTrainerSettings { VocabularySize = 257, EosToken = null, SpecialTokens = ["<pad>"] });

    [Fact]
    public void GreedyTokensAreThoseOfTheNaiveReferenceOnASlice()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var network = new SubNetwork([new BlockShape(1, 12), new BlockShape(2, 7)]);
        GeneratedText result = new TextGenerator(model, Bytes).Generate("hello", new GenerationSettings { MaximumTokens = 12 }, network);

        List<int> ids = [.. Bytes.Encode("hello")];
        NaiveMask[] masks = [.. network.Blocks.Select(b => new NaiveMask(b.KvGroups, b.Neurons))];
        for (int i = 0; i < 12; i++)
        {
            double[,] logits = NaiveLlama.Logits(Config, Random, ids, masks);
            int last = ids.Count - 1;
            ids.Add(Enumerable.Range(0, Config.VocabularySize).MaxBy(v => logits[last, v]));
        }
        Assert.Equal(ids.Skip(5), result.Ids);
        Assert.Equal(StopReason.TokenLimit, result.Stopped);
    }

    [Fact]
    public void ItStopsWhereTheContextEnds()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        GeneratedText result = new TextGenerator(model, Bytes).Generate("hello", new GenerationSettings { MaximumTokens = 1000 });
        // The last token may be predicted from a full context but no longer read.
        Assert.Equal(Config.ContextLength - 5 + 1, result.Ids.Count);
        Assert.Equal(StopReason.ContextFull, result.Stopped);
    }

    [Fact]
    public void ItStopsAtTheEndOfTextAndLeavesThatTokenOut()
    {
        using var plain = new DecoderModel(Random.ToDecoderWeights(Config));
        IReadOnlyList<int> ids = new TextGenerator(plain, Bytes).Generate("hello", new GenerationSettings { MaximumTokens = 6 }).Ids;
        using var model = new DecoderModel(Random.ToDecoderWeights(Config with { EosId = ids[3] }));
        GeneratedText result = new TextGenerator(model, Bytes).Generate("hello", new GenerationSettings { MaximumTokens = 6 });
        Assert.Equal(ids.Take(ids.ToList().IndexOf(ids[3])), result.Ids);
        Assert.Equal(StopReason.EndOfText, result.Stopped);
    }

    [Fact]
    public void StreamedPiecesMakeUpTheText()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var pieces = new List<string>();
        GeneratedText result = new TextGenerator(model, Bytes).Generate("a", new GenerationSettings { MaximumTokens = 20, Temperature = 1, Seed = 4 }, onText: pieces.Add);
        Assert.Equal(result.Text, string.Concat(pieces));
        Assert.Equal(Bytes.Decode(result.Ids), result.Text);
    }

    [Fact]
    public void AnEmptyPromptWithoutABeginningIsRefused()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var e = Assert.Throws<FlextronException>(() => new TextGenerator(model, Bytes).Generate("", new GenerationSettings()));
        Assert.Contains("give a prompt", e.Message, StringComparison.Ordinal);
    }
}
