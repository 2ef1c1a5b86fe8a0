using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Selection;
using Flextron.Storage;
using Flextron.Tests.Reference;

namespace Flextron.Tests.HostileFiles;

/// <summary>Damaged family descriptions and routers.</summary>
public sealed class FamilyFuzzTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();
    private readonly ModelConfig config = new()
    {
        Family = "llama", VocabularySize = 5, HiddenSize = 8, BlockCount = 2, HeadCount = 4, KvGroupCount = 2, HeadSize = 2, NeuronCount = 6, ContextLength = 8, BosId = 1, EosId = 2,
    };

    public FamilyFuzzTests()
    {
        using DecoderWeights weights = RandomLlama.Create(config, 1).ToDecoderWeights(config);
        HuggingFaceCheckpoint.Save(weights, folder.Path);
        ElasticSpace space = ElasticSpace.For(config);
        FlextronJson.WriteFile(folder[FamilyManifest.FileName], new FamilyManifest(FamilyManifest.CurrentFormat, space, new string('0', 64), NeuronMetric.GatedActivation, 100, new string('1', 64)));
        using var routers = new StaticRouters(space, new StaticRouterSettings { HiddenSize = 4 });
        routers.Save(folder[FamilyBundle.RoutersName]);
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("elastic.json", 1000)]
    [InlineData("routers/routers.json", 400)]
    [InlineData("routers/routers.safetensors", 400)]
    public void DamagedDescriptions(string name, int count)
    {
        byte[] original = File.ReadAllBytes(folder[name]);
        // Of weights only the header says something; the rest are numbers of any value.
        int end = name.EndsWith(".safetensors", StringComparison.Ordinal) ? 8 + (int)BitConverter.ToInt64(original) : original.Length;
        HostileRun.Cases(
            count, 31 + count,
            random =>
            {
                File.WriteAllBytes(folder[name], [.. Mutation.Of(original[..end], random), .. original[end..]]);
                return Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
            },
            () =>
            {
                using ElasticFamily family = ElasticFamily.Load(folder.Path);
                using StaticRouters routers = StaticRouters.Load(folder[FamilyBundle.RoutersName], family.Space);
                Assert.Equal(config.BlockCount, family.Space.Smallest.Blocks.Length);
            });
    }
}
