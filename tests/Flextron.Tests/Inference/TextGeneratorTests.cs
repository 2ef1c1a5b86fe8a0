using Flextron.Inference;
using Flextron.Inference.Decoding;
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
        GeneratedText result = Generator(model).Generate("hello", new GenerationSettings { MaximumTokens = 12 }, network);

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
        GeneratedText result = Generator(model).Generate("hello", new GenerationSettings { MaximumTokens = 1000 });
        // The last token may be predicted from a full context but no longer read.
        Assert.Equal(Config.ContextLength - 5 + 1, result.Ids.Count);
        Assert.Equal(StopReason.ContextFull, result.Stopped);
    }

    [Fact]
    public void ItStopsAtTheEndOfTextAndLeavesThatTokenOut()
    {
        using var plain = new DecoderModel(Random.ToDecoderWeights(Config));
        IReadOnlyList<int> ids = Generator(plain).Generate("hello", new GenerationSettings { MaximumTokens = 6 }).Ids;
        using var model = new DecoderModel(Random.ToDecoderWeights(Config with { EosId = ids[3] }));
        GeneratedText result = Generator(model).Generate("hello", new GenerationSettings { MaximumTokens = 6 });
        Assert.Equal(ids.Take(ids.ToList().IndexOf(ids[3])), result.Ids);
        Assert.Equal(StopReason.EndOfText, result.Stopped);
    }

    [Fact]
    public void ItStopsAtAnyOfSeveralEnds()
    {
        using var plain = new DecoderModel(Random.ToDecoderWeights(Config));
        IReadOnlyList<int> ids = Generator(plain).Generate("hello", new GenerationSettings { MaximumTokens = 6 }).Ids;
        int unused = Enumerable.Range(0, Config.VocabularySize).First(id => !ids.Contains(id));
        using var model = new DecoderModel(Random.ToDecoderWeights(Config with { EosId = unused, OtherEosIds = new TokenIdList([unused, ids[2]]) }));
        GeneratedText result = Generator(model).Generate("hello", new GenerationSettings { MaximumTokens = 6 });
        Assert.Equal(ids.Take(ids.ToList().IndexOf(ids[2])), result.Ids);
        Assert.Equal(StopReason.EndOfText, result.Stopped);
    }

    [Fact]
    public void StreamedPiecesMakeUpTheText()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var pieces = new List<string>();
        GeneratedText result = Generator(model).Generate("a", new GenerationSettings { MaximumTokens = 20, Temperature = 1, Seed = 4 }, onText: pieces.Add);
        Assert.Equal(result.Text, string.Concat(pieces));
        Assert.Equal(Bytes.Decode(result.Ids), result.Text);
    }

    [Fact]
    public void AnEmptyPromptWithoutABeginningIsRefused()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var e = Assert.Throws<FlextronException>(() => Generator(model).Generate("", new GenerationSettings()));
        Assert.Contains("give a prompt", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LibtorchContinuesATextInTheSameWay()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var network = new SubNetwork([new BlockShape(1, 12), new BlockShape(2, 7)]);
        int[] prompt = Bytes.Encode("hello");
        using var torch = new TorchSequence(model, network, Config.ContextLength);
        using var engine = new DecodeEngine(model);
        using var own = new EngineSequence(engine, network, null, Config.ContextLength);
        int[] next = prompt;
        for (int i = 0; i < 20; i++)
        {
            float[] expected = torch.Read(next).ToArray(), logits = own.Read(next).ToArray();
            Assert.All(expected.Zip(logits), p => Assert.Equal(p.First, p.Second, 1e-4));
            Assert.Equal(torch.Length, own.Length);
            next = [Array.IndexOf(logits, logits.Max())];
        }
    }

    [Fact]
    public void AStopStringEndsTheTextBeforeIt()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var settings = new GenerationSettings { MaximumTokens = 24, Temperature = 1, Seed = 5 };
        string whole = Generator(model).Generate("a", settings).Text;
        string stop = whole.Substring(7, 2);
        var pieces = new List<string>();
        GeneratedText result = Generator(model).Generate("a", settings with { Stops = [stop, "never there"] }, onText: pieces.Add);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], result.Text);
        Assert.Equal(result.Text, string.Concat(pieces));
        Assert.Equal(StopReason.StopString, result.Stopped);
    }

    [Fact]
    public void ARouterMayChooseTheWidthsOfEveryToken()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        var network = new SubNetwork([new BlockShape(1, 12), new BlockShape(2, 7)]);
        var settings = new GenerationSettings { MaximumTokens = 12 };
        Assert.Equal(Generator(model).Generate("hello", settings, network).Ids, Generator(model).Generate("hello", settings, router: new FixedRouter(network)).Ids);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void SeveralTextsAtOnceAreThoseOfOneAtATime(double temperature)
    {
        using var plain = new DecoderModel(Random.ToDecoderWeights(Config));
        // More texts than places, ends of text that come early and late, and contexts that are full.
        int end = Generator(plain).Generate("hello", new GenerationSettings { MaximumTokens = 6 }).Ids[3];
        using var model = new DecoderModel(Random.ToDecoderWeights(Config with { EosId = end }));
        string[] prompts = [.. Enumerable.Range(0, 2 * TextGenerator.MostAtOnce + 3).Select(i => i == 3 ? "hello" : new string((char)('a' + i % 26), 1 + i % (Config.ContextLength - 1)))];
        var settings = new GenerationSettings { MaximumTokens = 9, Temperature = temperature, Seed = 5, RepetitionPenalty = 1.1, Stops = ["zz"] };
        var network = new SubNetwork([new BlockShape(1, 12), new BlockShape(2, 7)]);
        IReadOnlyList<GeneratedText> texts = Generator(model).GenerateAll(prompts, settings, network), routed = Generator(model).GenerateAll(prompts, settings, router: _ => new FixedRouter(network));
        Assert.Equal(prompts.Length, texts.Count);
        for (int i = 0; i < prompts.Length; i++)
        {
            GeneratedText alone = Generator(model).Generate(prompts[i], settings with { Seed = 5 + i }, network);
            foreach (GeneratedText text in (GeneratedText[])[texts[i], routed[i]])
            {
                Assert.Equal((alone.Text, alone.Stopped, alone.Steps), (text.Text, text.Stopped, text.Steps));
                Assert.Equal(alone.Ids, text.Ids);
                Assert.Equal(alone.PromptIds, text.PromptIds);
            }
        }
        Assert.True(texts.Select(t => t.Stopped).Distinct().Count() >= 2);
        Assert.Empty(Generator(model).GenerateAll([], settings));
    }

    [Fact]
    public void ASecondCountsTheTokensThatWereReadInIt()
    {
        using var model = new DecoderModel(Random.ToDecoderWeights(Config));
        GeneratedText one = Generator(model).Generate("hello", new GenerationSettings { MaximumTokens = 1 }), six = Generator(model).Generate("hello", new GenerationSettings { MaximumTokens = 6 });
        Assert.Equal((1, 0, 0.0), (one.Ids.Count, one.Steps, one.TokensPerSecond));
        Assert.Equal((6, 5), (six.Ids.Count, six.Steps));
        Assert.Equal(5 / six.Seconds, six.TokensPerSecond, 1e-9);
    }

    private static TextGenerator Generator(DecoderModel model) => new(model, Bytes);

    private sealed class FixedRouter(SubNetwork network) : IStepRouter
    {
        public int KvGroups(int block, ReadOnlySpan<float> hidden_C) => network.Blocks[block].KvGroups;

        public int Neurons(int block, ReadOnlySpan<float> hidden_C) => network.Blocks[block].Neurons;
    }
}
