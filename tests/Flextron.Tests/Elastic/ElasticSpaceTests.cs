using Flextron.Elastic;
using Flextron.Models;
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
    public void ASpaceOfAnotherModelIsRefused()
    {
        ElasticSpace space = ElasticSpace.For(RandomLlama.TinyConfig());

        var e = Assert.Throws<FlextronException>(() => space.ValidatedFor(RandomLlama.TinyConfig() with { BlockCount = 3 }, "elastic.json"));
        Assert.Contains("elastic.json", e.Message, StringComparison.Ordinal);
    }
}
