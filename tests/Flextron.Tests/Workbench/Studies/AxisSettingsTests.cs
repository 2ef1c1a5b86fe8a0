using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Workbench.Studies;

namespace Flextron.Tests.Workbench.Studies;

public sealed class AxisSettingsTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig() with { HiddenSize = 48, BlockCount = 5, NeuronCount = 40, KvGroupCount = 4 };

    [Fact]
    public void SharesBecomeNumbersOfTheModel()
    {
        var axes = new AxisSettings { Steps = 3, NeuronMultiple = 4, KvGroups = [0.3, 3], Neurons = [0.5, 0.55, 8], Widths = [0.5, 0.7], Depths = [0.5, 4], SkipParts = true };
        ElasticSpace space = ElasticSpace.For(Config, axes.Validated().For(Config), [4, 3, 2, 1, 0]);
        Assert.Equal([0, 2, 3, 4], space.KvGroups);
        Assert.Equal([0, 8, 20, 24, 40], space.Neurons);
        Assert.Equal([24, 40, 48], space.Widths!.Value);
        Assert.Equal([3, 4, 5], space.Depths!.Value);
    }

    [Fact]
    public void LeftOutTheyAreTheDefaultSpace() => Assert.Equal(ElasticSpace.For(Config), ElasticSpace.For(Config, new AxisSettings().Validated().For(Config)));

    [Theory]
    [InlineData(0)]
    [InlineData(-0.5)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void OtherNumbersAreRefused(double size) =>
        Assert.Contains("elastic.depths holds", Assert.Throws<FlextronException>(() => new AxisSettings { Depths = [size] }.Validated()).Message, StringComparison.Ordinal);

    [Fact]
    public void EmptyListsAndSizesBeyondTheModelAreRefused()
    {
        Assert.Contains("elastic.widths is an empty list", Assert.Throws<FlextronException>(() => new AxisSettings { Widths = [] }.Validated()).Message, StringComparison.Ordinal);
        var tooWide = new AxisSettings { Widths = [64] };
        Assert.Contains("64 channels", Assert.Throws<FlextronException>(() => ElasticSpace.For(Config, tooWide.Validated().For(Config))).Message, StringComparison.Ordinal);
    }
}
