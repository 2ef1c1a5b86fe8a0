using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Tests.Reference;
using static TorchSharp.torch;

namespace Flextron.Tests.Latency;

public sealed class AnalyticCostsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ParametersEqualTheTensorsOfTheView(bool tied)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied);
        using DecoderWeights weights = DecoderWeights.Allocate(config);
        ICostTable costs = AnalyticCosts.Parameters(config);
        Assert.Equal(weights.Flat.numel(), costs.Cost(SubNetwork.Full(config)));
        foreach (SubNetwork network in Networks(config))
        {
            using WeightView view = WeightView.Of(weights, network);
            Assert.Equal(Elements(view, tied), costs.Cost(network));
        }
    }

    [Fact]
    public void BytesEqualWeightsAndCacheTensors()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = DecoderWeights.Allocate(config, ScalarType.BFloat16);
        (int batch, int tokens) = (3, 17);
        ICostTable costs = AnalyticCosts.WeightAndCacheBytes(config, 2, batch, tokens);
        foreach (SubNetwork network in Networks(config))
        {
            using WeightView view = WeightView.Of(weights, network);
            long cache = 0;
            foreach (BlockShape shape in network.Blocks)
            {
                using Tensor keys = zeros([batch, shape.KvGroups, tokens, config.HeadSize], ScalarType.BFloat16);
                cache += 2 * keys.numel() * keys.element_size();
            }
            Assert.Equal(Elements(view, false) * 2 + cache, costs.Cost(network));
        }
    }

    /// <summary>Counts multiply-adds with loops over passes, sequences, positions, heads and visible keys.</summary>
    [Theory]
    [InlineData(null, null)]
    [InlineData(3, null)]
    [InlineData(3, 1)]
    public void OperationsEqualACountByLoops(int? window, int? whole)
    {
        ModelConfig config = RandomLlama.TinyConfig();
        config = config with
        {
            Architecture = config.Architecture with { SlidingWindow = window },
            UnwindowedBlocks = whole is null ? null : new BlockPattern([.. Enumerable.Range(0, config.BlockCount).Select(b => b == whole)]),
        };
        var workload = new LatencyWorkload(2, 5, 3);
        ICostTable costs = AnalyticCosts.Flops(config, workload);
        long h = config.HeadSize;
        foreach (SubNetwork network in Networks(config))
        {
            long multiplyAdds = 0, c = network.Width ?? config.HiddenSize;
            for (int sequence = 0; sequence < workload.Batch; sequence++)
                for (int position = 0; position < workload.PromptTokens + workload.GeneratedTokens; position++)
                {
                    for (int block = 0; block < network.Blocks.Length; block++)
                    {
                        BlockShape shape = network.Blocks[block];
                        long heads = shape.KvGroups * config.HeadsPerGroup;
                        multiplyAdds += heads * h * c + 2 * shape.KvGroups * h * c + c * heads * h + 3 * shape.Neurons * c;
                        for (int key = 0; key <= position; key++)
                            if (window is null || block == whole || key > position - window) multiplyAdds += heads * 2 * h;
                    }
                    if (position >= workload.PromptTokens - 1) multiplyAdds += c * config.VocabularySize;
                }
            Assert.Equal(2.0 * multiplyAdds, costs.Cost(network));
        }
    }

    /// <summary>Heads of the last groups see every visible key of two blocks, from the first block on that has an earlier one.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void SkipLayerAttentionCountsTheEarlierBlocksKeysToo(int distance, int groups)
    {
        ModelConfig plain = RandomLlama.TinyConfig() with { BlockCount = 3 }, skipping = plain with { SkipLayer = new SkipLayerAttention(distance, groups) };
        var workload = new LatencyWorkload(2, 5, 3);
        long more = 0;
        for (int block = distance; block < 3; block++)
            for (int position = 0; position < 8; position++) more += 2L * 2 * (position + 1) * groups * plain.HeadsPerGroup * 2 * plain.HeadSize;
        SubNetwork whole = SubNetwork.Full(plain), narrow = new(Enumerable.Repeat(new BlockShape(1, 5), 3));
        Assert.Equal(AnalyticCosts.Flops(plain, workload).Cost(whole) + more, AnalyticCosts.Flops(skipping, workload).Cost(whole));
        // The groups that see more are the last ones: of two, one that is kept alone sees more only where both do.
        double difference = AnalyticCosts.Flops(skipping, workload).Cost(narrow) - AnalyticCosts.Flops(plain, workload).Cost(narrow);
        Assert.Equal(groups == 2 ? more / 2.0 : 0, difference);
    }

    [Fact]
    public void CostArraysGiveTheCostOfEveryNetwork()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        ElasticSpace space = ElasticSpace.For(config);
        ICostTable costs = AnalyticCosts.Parameters(config);
        (double[][] attention, double[][] mlp) = (costs.AttentionCosts(space), costs.MlpCosts(space));
        var random = new Random(2);
        for (int i = 0; i < 20; i++)
        {
            SubNetwork network = space.Random(random);
            double sum = costs.Fixed + network.Blocks.Select((b, l) => attention[l][space.KvGroups.IndexOf(b.KvGroups)] + mlp[l][space.Neurons.IndexOf(b.Neurons)]).Sum();
            Assert.Equal(costs.Cost(network), sum);
        }
    }

    private static IEnumerable<SubNetwork> Networks(ModelConfig config)
    {
        ElasticSpace space = ElasticSpace.For(config);
        var random = new Random(1);
        return
        [
            space.Smallest, space.Largest, .. Enumerable.Range(0, 10).Select(_ => space.Random(random)),
            new([BlockShape.Skipped, new BlockShape(1, 8)]), new([new BlockShape(0, 8), new BlockShape(2, 0)], 7), new(space.Largest.Blocks, 5),
        ];
    }

    private static long Elements(WeightView view, bool tied) =>
        view.Embedding_VC.numel() + view.FinalNorm_C.numel() + (tied ? 0 : view.Head_VC.numel()) + view.Blocks.Sum(b => b.Weights.Named().Sum(t => t.Tensor.numel()));
}
