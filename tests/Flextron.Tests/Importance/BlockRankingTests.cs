using Flextron.Importance;
using Flextron.Models;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Importance;

public sealed class BlockRankingTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig() with { BlockCount = 6 };

    [Fact]
    public void SeparableLossesAreRankedByTheirBlocks()
    {
        double[] worth = [0.3, 0.9, 0.1, 0.5, 0.7, 0.2];

        BlockRanking ranking = BlockRanking.Measure(Config, n => 5 - Kept(n).Sum(i => worth[i]));

        Assert.Equal([1, 4, 3, 0, 5, 2], ranking.Order);
        Assert.Equal(6 * 7 / 2, ranking.Evaluations);
        Assert.Equal([5 - 0.9, 5 - 1.6, 5 - 2.1, 5 - 2.4, 5 - 2.6, 5 - 2.7], ranking.LossByDepth.Select(l => Math.Round(l, 9)));
    }

    [Fact]
    public void ItEqualsGreedyRemovalByHandOnInteractingBlocks()
    {
        var random = new Random(3);
        for (int trial = 0; trial < 20; trial++)
        {
            double[] table = [.. Enumerable.Range(0, 64).Select(_ => random.NextDouble())];
            double Loss(IEnumerable<int> kept) => table[kept.Sum(i => 1 << i)];
            int[] present = [0, 1, 2, 3, 4, 5], expected = [];
            while (present.Length > 1)
            {
                int gone = present.MinBy(i => Loss(present.Except([i])));
                expected = [gone, .. expected];
                present = [.. present.Except([gone])];
            }

            Assert.Equal([present[0], .. expected], BlockRanking.Measure(Config, n => Loss(Kept(n))).Order);
        }
    }

    [Fact]
    public void ABlockThatDoesNothingGoesFirst()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { BlockCount = 3 };
        HfWeights reference = RandomLlama.Create(config, seed: 1);
        Array.Clear(reference.Blocks[1].O);
        Array.Clear(reference.Blocks[1].Down);
        int[] ids = [1, 5, 9, 2, 20, 7, 3, 11];

        double[,] whole = NaiveLlama.Logits(config, reference, ids);
        BlockRanking ranking = BlockRanking.Measure(config, n =>
        {
            double[,] logits = NaiveLlama.Logits(config, reference, ids, [.. n.Blocks.Select(b => new NaiveMask(b.KvGroups, b.Neurons))]);
            return whole.Cast<double>().Zip(logits.Cast<double>(), (a, b) => (a - b) * (a - b)).Sum();
        });

        Assert.Equal(1, ranking.Order[^1]);
        Assert.Equal(0, ranking.LossByDepth[1], 1e-12);
        Assert.True(ranking.LossByDepth[0] > 0.1);
    }

    [Fact]
    public void EqualLossesKeepTheEarlierBlocksAndNaNIsRefused()
    {
        Assert.Equal([0, 1, 2, 3, 4, 5], BlockRanking.Measure(Config, _ => 1).Order);
        Assert.Contains("NaN", Assert.Throws<FlextronException>(() => BlockRanking.Measure(Config, _ => double.NaN)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<int> Kept(SubNetwork network) => Enumerable.Range(0, network.Blocks.Length).Where(i => network.Blocks[i] != BlockShape.Skipped);
}
