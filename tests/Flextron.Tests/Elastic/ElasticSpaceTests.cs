using System.Text.Json;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Storage;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Elastic;

public sealed class ElasticSpaceTests
{
    [Fact]
    public void DefaultChoicesAreEvenEighths()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { NeuronCount = 384, HeadCount = 8, KvGroupCount = 4 };
        ElasticSpace space = ElasticSpace.For(config);

        Assert.Equal([1, 2, 3, 4], space.KvGroups);
        Assert.Equal([48, 96, 144, 192, 240, 288, 336, 384], space.Neurons);
        Assert.Equal(32.0 * 32.0, space.Size);
        Assert.Equal(new BlockShape(2, 192), space.Uniform(0.5).Blocks[1]);
        Assert.Equal(SubNetwork.Full(config), space.Largest);
    }

    [Fact]
    public void AwkwardNeuronCountsEndAtTheFullWidth()
    {
        ElasticSpace space = ElasticSpace.For(RandomLlama.TinyConfig() with { NeuronCount = 172 });

        Assert.Equal([24, 48, 72, 88, 112, 136, 152, 172], space.Neurons);
    }

    [Fact]
    public void RandomNetworksAreLegalAndVaried()
    {
        ElasticSpace space = ElasticSpace.For(RandomLlama.TinyConfig() with { NeuronCount = 384 });
        var random = new Random(1);
        SubNetwork[] drawn = [.. Enumerable.Range(0, 200).Select(_ => space.Random(random))];

        Assert.All(drawn, n => Assert.True(space.Contains(n)));
        Assert.Equal(8, drawn.Select(n => n.Blocks[0].Neurons).Distinct().Count());
        Assert.True(drawn.Distinct().Count() > 100);
    }

    [Fact]
    public void AnyGranularityMayBeAskedFor()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { NeuronCount = 100, HeadCount = 8, KvGroupCount = 8, BlockCount = 5 };
        var settings = new ElasticSettings { Steps = 4, NeuronMultiple = 1, SkipParts = true, Widths = [8, 12], Depths = [4, 2] };

        ElasticSpace space = ElasticSpace.For(config, settings, [4, 0, 2, 3, 1]);

        Assert.Equal([0, 2, 4, 6, 8], space.KvGroups);
        Assert.Equal([0, 25, 50, 75, 100], space.Neurons);
        Assert.Equal([8, 12, 16], space.Widths!.Value);
        Assert.Equal([2, 4, 5], space.Depths!.Value);
        Assert.Equal(3 * (Math.Pow(25, 2) + Math.Pow(25, 4) + Math.Pow(25, 5)), space.Size);
        Assert.Equal([3, 7, 8], ElasticSpace.For(config, settings with { SkipParts = false, KvGroups = [7, 3] }, [0, 1, 2, 3, 4]).KvGroups);
        Assert.Contains("flextron rank", Assert.Throws<FlextronException>(() => ElasticSpace.For(config, settings)).Message, StringComparison.Ordinal);
        Assert.Contains("17 channels", Assert.Throws<FlextronException>(() => ElasticSpace.For(config, settings with { Widths = [17] }, [0, 1, 2, 3, 4])).Message, StringComparison.Ordinal);
        Assert.Contains("6 blocks", Assert.Throws<FlextronException>(() => ElasticSpace.For(config, settings with { Depths = [6] }, [0, 1, 2, 3, 4])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADepthKeepsTheMostNeededBlocks()
    {
        ElasticSpace space = Deep();

        SubNetwork smallest = space.Smallest, largest = space.Largest;

        Assert.Equal(new SubNetwork([BlockShape.Skipped, BlockShape.Skipped, new BlockShape(1, 8), BlockShape.Skipped], 8), smallest);
        Assert.Equal(new SubNetwork(Enumerable.Repeat(new BlockShape(2, 20), 4)), largest);
        Assert.Equal(new SubNetwork([new BlockShape(1, 8), BlockShape.Skipped, new BlockShape(1, 8), new BlockShape(1, 8)]), space.Uniform(0, 0, 1, 0.75));
        Assert.Equal(
            [new(null, 4), new(null, 3), new(null, 1), new(12, 4), new(12, 3), new(12, 1), new(8, 4), new(8, 3), new(8, 1)],
            space.Frames);
        Assert.Equal(space.Uniform(0.5), space.Blockwise.Uniform(0.5));
        Assert.Equal(4, space.Blockwise.Smallest.Depth);
    }

    [Fact]
    public void ExactlyTheLegalNetworksAreContained()
    {
        ElasticSpace space = Deep();
        BlockShape part = new(1, 8), no = BlockShape.Skipped;

        Assert.Equal(new ElasticFrame(12, 3), space.FrameOf(new SubNetwork([part, no, part, new BlockShape(2, 20)], 12)));
        Assert.False(space.Contains(new SubNetwork([part, part, no, part])), "the most needed block is left out");
        Assert.False(space.Contains(new SubNetwork([part, no, part, no])), "a depth of two is not a choice");
        Assert.False(space.Contains(new SubNetwork([part, part, part, part], 9)), "a width of nine is not a choice");
        Assert.False(space.Contains(new SubNetwork([part, part, part, new BlockShape(0, 8)])), "attention may not be skipped alone");
        Assert.True((space with { KvGroups = [0, 1, 2] }).Contains(new SubNetwork([part, part, part, new BlockShape(0, 8)])));
    }

    [Fact]
    public void EveryWidthAndDepthIsDrawn()
    {
        ElasticSpace space = Deep();
        var random = new Random(1);

        SubNetwork[] mixed = [.. Enumerable.Range(0, 300).Select(_ => space.Random(random))], even = [.. Enumerable.Range(0, 300).Select(_ => space.RandomUniform(random))];

        foreach (SubNetwork[] drawn in new[] { mixed, even })
        {
            Assert.All(drawn, n => Assert.True(space.Contains(n)));
            Assert.Equal(9, drawn.Select(n => (n.Width, n.Depth)).Distinct().Count());
        }
        Assert.All(even, n => Assert.Single(n.Blocks.Where(b => b != BlockShape.Skipped).Distinct()));
        Assert.Contains(mixed, n => n.Blocks.Where(b => b != BlockShape.Skipped).Distinct().Count() == 4);
    }

    [Fact]
    public void JsonOfOldFamiliesIsAsItWas()
    {
        ElasticSpace old = ElasticSpace.For(RandomLlama.TinyConfig()), deep = Deep();
        string json = JsonSerializer.Serialize(old, FlextronJson.Compact);

        Assert.Equal("""{"kvGroups":[1,2],"neurons":[8,16,20],"blockCount":2}""", json);
        Assert.Equal(old, JsonSerializer.Deserialize<ElasticSpace>(json, FlextronJson.Compact));
        Assert.Equal(deep, JsonSerializer.Deserialize<ElasticSpace>(JsonSerializer.Serialize(deep, FlextronJson.Compact), FlextronJson.Compact));
        Assert.NotEqual(deep, deep with { BlockRanking = [2, 0, 1, 3] });
    }

    [Theory]
    [InlineData("""{"kvGroups":[1,2],"neurons":[20],"blockCount":2,"widths":[]}""")]
    [InlineData("""{"kvGroups":[1,2],"neurons":[20],"blockCount":2,"widths":[8]}""")]
    [InlineData("""{"kvGroups":[1,2],"neurons":[20],"blockCount":2,"widths":[0,16]}""")]
    [InlineData("""{"kvGroups":[1,2],"neurons":[20],"blockCount":2,"depths":[1,2]}""")]
    [InlineData("""{"kvGroups":[1,2],"neurons":[20],"blockCount":2,"depths":[1,2],"blockRanking":[0,0]}""")]
    [InlineData("""{"kvGroups":[1,2],"neurons":[20],"blockCount":2,"depths":[0,2],"blockRanking":[0,1]}""")]
    [InlineData("""{"kvGroups":[-1,2],"neurons":[20],"blockCount":2}""")]
    public void DamagedSpacesAreRefused(string json)
    {
        ElasticSpace space = JsonSerializer.Deserialize<ElasticSpace>(json, FlextronJson.Compact)!;

        Assert.Contains("elastic.json", Assert.Throws<FlextronException>(() => space.ValidatedFor(RandomLlama.TinyConfig(), "elastic.json")).Message, StringComparison.Ordinal);
    }

    private static ElasticSpace Deep() => ElasticSpace.For(
        RandomLlama.TinyConfig() with { BlockCount = 4 }, new ElasticSettings { Widths = [8, 12], Depths = [1, 3] }, [2, 3, 0, 1]);

    [Fact]
    public void ASpaceOfAnotherModelIsRefused()
    {
        ElasticSpace space = ElasticSpace.For(RandomLlama.TinyConfig());

        var e = Assert.Throws<FlextronException>(() => space.ValidatedFor(RandomLlama.TinyConfig() with { BlockCount = 3 }, "elastic.json"));
        Assert.Contains("elastic.json", e.Message, StringComparison.Ordinal);
    }
}
