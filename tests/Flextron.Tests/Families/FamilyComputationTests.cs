using System.Text.Json.Nodes;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Inference;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Tests.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Families;

/// <summary>Every family computes what an independent implementation computes, and computes it in every way.</summary>
public sealed class FamilyComputationTests
{
    public static TheoryData<string> Names => FamilyFixture.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void LogitsAreThoseOfTheReference(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        double[][] expected = [.. FamilyFixture.Expected(name)["logits"]!.AsArray().Select(row => FamilyFixture.Numbers(row!))];
        Tensor expected_TV = stack([.. expected.Select(row => tensor(row, ScalarType.Float64))]), ids_BT = FamilyFixture.Ids(name);
        using DecoderModel model = FamilyFixture.Load(name), exact = FamilyFixture.Load(name, ScalarType.Float64);
        Assert.True(expected_TV.abs().max().item<double>() > 3, "The logits are too small to tell anything.");
        Assert.InRange(FamilyFixture.Difference(model.Forward(ids_BT)[0], expected_TV), 0, 3e-5);
        // In double precision only the rotations' float32 tables are left.
        Assert.InRange(FamilyFixture.Difference(exact.Forward(ids_BT)[0], expected_TV), 0, 2e-6);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void HalfPrecisionStaysClose(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel exact = FamilyFixture.Load(name, ScalarType.Float64), half = FamilyFixture.Load(name, ScalarType.BFloat16);
        Tensor expected_BTV = exact.Forward(FamilyFixture.Ids(name)), logits_BTV = half.Forward(FamilyFixture.Ids(name));
        Assert.Equal(ScalarType.BFloat16, logits_BTV.dtype);
        // Eight bits of every weight and activation: a few hundredths of the logits' size.
        Assert.InRange(FamilyFixture.Difference(logits_BTV, expected_BTV) / expected_BTV.abs().max().item<double>(), 1e-4, 0.1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ACacheGivesTheLogitsOfOnePass(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = FamilyFixture.Load(name, ScalarType.Float64);
        Tensor ids_BT = FamilyFixture.Ids(name);
        foreach (SubNetwork network in FamilyFixture.Networks(model.Config))
        {
            Tensor whole_BTV = model.Forward(ids_BT, network);
            using KvCache cache = model.NewCache(network, 1, 14);
            long at = 0;
            foreach (long count in new[] { 3, 1, 1, 4, 1, 1, 3 })
            {
                Tensor part_BtV = model.Forward(ids_BT.narrow(1, at, count), network, cache);
                Assert.InRange(FamilyFixture.Difference(part_BtV, whole_BTV.narrow(1, at, count)), 0, 1e-11);
                at += count;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TreesGiveTheLogitsOfTheirPaths(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = FamilyFixture.Load(name, ScalarType.Float64);
        // Two rows behind a prefix: one branches behind its second token and again behind its sixth, the other is a short sequence.
        int[] prefix = [4, 8, 15, 16];
        var trees = new TokenTrees(
            prefix, [9, 3],
            [2, 7, 1, 8, 2, 8, 11, 12, 13, 20, 21, 22, 0, 0, 0, 0, 0, 0],
            [0, 1, 2, 3, 4, 2, 3, 4, 3, 0, 1, 2, 0, 0, 0, 0, 0, 0],
            [9, 9, 5, 5, 5, 9, 8, 8, 9, 3, 3, 3, 4, 5, 6, 7, 8, 9],
            [1, 4, 7, 8, 11]);
        foreach (SubNetwork network in FamilyFixture.Networks(model.Config))
        {
            WeightView view = model.View(network);
            using KvCache cache = model.NewCache(network, 1, prefix.Length);
            model.Forward(tensor(prefix.Select(i => (long)i).ToArray()).unsqueeze(0), network, cache);
            Tensor logits_NV = model.Logits(view, model.HiddenAt(view, trees, cache));
            for (int pick = 0; pick < trees.Picks.Length; pick++)
            {
                Tensor path_BT = tensor(trees.Path(trees.Picks[pick])).unsqueeze(0);
                Assert.InRange(FamilyFixture.Difference(logits_NV[pick], model.Forward(path_BT, network)[0][-1]), 0, 1e-11);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void SlicesEqualTheirMaskedForm(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = FamilyFixture.Load(name, ScalarType.Float64);
        Tensor ids_BT = FamilyFixture.Ids(name), full_BTV = model.Forward(ids_BT);
        foreach (SubNetwork network in FamilyFixture.Networks(model.Config).Skip(1))
        {
            using var masked = new DecoderModel(EquivalenceCheck.Masked(model.Weights, network));
            Tensor sliced_BTV = model.Forward(ids_BT, network);
            Assert.InRange(FamilyFixture.Difference(sliced_BTV, masked.Forward(ids_BT)), 0, 1e-10);
            Assert.True(FamilyFixture.Difference(sliced_BTV, full_BTV) > 0.1, $"{network} computes what the whole network does.");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void APermutedModelComputesTheSame(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = FamilyFixture.Load(name, ScalarType.Float64);
        Tensor ids_BT = FamilyFixture.Ids(name), before_BTV = model.Forward(ids_BT);
        SubNetwork narrow = FamilyFixture.Networks(model.Config).ElementAt(1);
        Tensor narrowBefore_BTV = model.Forward(ids_BT, narrow);
        WeightPermutation.Apply(model.Weights, ImportanceOrder.Random(model.Config, seed: 3, channels: true));
        Assert.InRange(FamilyFixture.Difference(model.Forward(ids_BT), before_BTV), 0, 1e-11);
        Assert.True(FamilyFixture.Difference(model.Forward(ids_BT, narrow), narrowBefore_BTV) > 0.1, "Nothing was moved.");
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt3")]
    public void ScoresOfABiasedFamilyAreThoseOfTheReference(string name)
    {
        using DecoderModel model = FamilyFixture.Load(name, ScalarType.Float64);
        JsonNode expected = FamilyFixture.Expected(name);
        TokenCorpus ids = TokenCorpus.OfIds([.. expected["ids"]!.AsArray().Select(v => (int)v!)]);
        ImportanceScores before = ImportanceRanker.Rank(model, ids, NeuronMetric.PreActivation, windowLength: 13), behind = ImportanceRanker.Rank(model, ids, windowLength: 13);
        Assert.Equal(13, behind.Tokens);
        void Same(JsonNode node, IEnumerable<double> scores) => Assert.All(FamilyFixture.Numbers(node).Zip(scores), p => Assert.Equal(p.First, p.Second, 1e-6));
        Same(expected["channels"]!, behind.Channels!);
        for (int i = 0; i < model.Config.BlockCount; i++)
        {
            Same(expected["heads"]![i]!, behind.Blocks[i].Heads);
            Same(expected["before"]![i]!, before.Blocks[i].Neurons);
            Same(expected["behind"]![i]!, behind.Blocks[i].Neurons);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void RoutedFormsEqualTheSlice(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = FamilyFixture.Load(name, ScalarType.Float64);
        ModelConfig config = model.Config;
        var space = new ElasticSpace([.. new[] { 0, 1, config.KvGroupCount }.Distinct()], [0, 9, config.NeuronCount], config.BlockCount);
        Tensor ids_BT = FamilyFixture.Ids(name);
        using var relaxed = new RelaxedModel(model, space);
        var random = new Random(1);
        for (int i = 0; i < 6; i++)
        {
            SubNetwork network = space.Random(random);
            Tensor expected_BTV = model.Forward(ids_BT, network);
            Tensor[] choices = [.. ChoiceVector.Split(space, tensor(ChoiceVector.OneHot(space, network), ScalarType.Float64).unsqueeze(0)).Select(l => l.unsqueeze(1))];
            Assert.InRange(FamilyFixture.Difference(expected_BTV, relaxed.Forward(ids_BT, (layer, _) => choices[layer])), 0, 1e-10);
            Assert.InRange(FamilyFixture.Difference(expected_BTV, relaxed.Forward(ids_BT, (layer, _) => choices[layer].expand(1, ids_BT.size(1), -1))), 0, 1e-10);
            if (!config.SeesWholeContext)
            {
                Assert.Contains("sliding window", Assert.Throws<FlextronException>(() => new DynamicModel(model, space)).Message, StringComparison.Ordinal);
                continue;
            }
            var given = new GivenChoices([.. ChoiceVector.Indices(space, network).Select(k => new[] { Enumerable.Repeat(k, (int)ids_BT.size(1)).ToArray() })]);
            Assert.InRange(FamilyFixture.Difference(expected_BTV, new DynamicModel(model, space).Forward(ids_BT, given)), 0, 1e-10);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GenerationTakesTheLikeliestTokens(string name)
    {
        using var noGrad = no_grad();
        using DecoderModel model = FamilyFixture.Load(name);
        var tokenizer = new LetterTokenizer(offset: 2 - 'a');
        using var generator = new TextGenerator(model, tokenizer);
        SubNetwork network = FamilyFixture.Networks(model.Config).ElementAt(2);
        GeneratedText text = generator.Generate("dog", new GenerationSettings { MaximumTokens = 8, Temperature = 0 }, network);
        List<long> ids = [.. tokenizer.Encode("dog").Select(i => (long)i)];
        long Likeliest()
        {
            using var scope = NewDisposeScope();
            return model.Forward(tensor(ids.ToArray()).unsqueeze(0), network)[0][-1].argmax().item<long>();
        }

        foreach (int id in text.Ids)
        {
            Assert.Equal(Likeliest(), id);
            ids.Add(id);
        }
        if (text.Stopped == StopReason.EndOfText) Assert.True(Likeliest() is var end && (end == model.Config.EosId || end == model.Config.BosId || end == tokenizer.EosId));
        else Assert.Equal(8, text.Ids.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void CostsCountTheTensorsOfTheView(string name)
    {
        using DecoderModel model = FamilyFixture.Load(name);
        ICostTable parameters = AnalyticCosts.Parameters(model.Config), bytes = AnalyticCosts.WeightAndCacheBytes(model.Config, 2, 3, 5);
        Assert.Equal(model.Weights.ParameterCount, parameters.Cost(SubNetwork.Full(model.Config)));
        foreach (SubNetwork network in FamilyFixture.Networks(model.Config))
        {
            using WeightView view = WeightView.Of(model.Weights, network);
            double elements = view.Each(_ => true).Sum(t => t.numel()), cached = network.Blocks.Sum(b => 2.0 * 3 * 5 * b.KvGroups * model.Config.HeadSize);
            Assert.Equal(elements, parameters.Cost(network));
            Assert.Equal(2 * (elements + cached), bytes.Cost(network));
        }
    }
}
