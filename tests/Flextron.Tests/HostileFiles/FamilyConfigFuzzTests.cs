using System.Text;
using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tests.Families;
using TorchSharp;

namespace Flextron.Tests.HostileFiles;

/// <summary>Damaged configurations of every family, and damaged settings for generation beside them.</summary>
public sealed class FamilyConfigFuzzTests : IDisposable
{
    private static readonly byte[] Generation = Encoding.UTF8.GetBytes("""{"bos_token_id": 1, "do_sample": true, "eos_token_id": [2, 7, 50256], "temperature": 0.6}""");

    private readonly TemporaryFolder folder = TestData.Temporary();

    public static TheoryData<string> Names => FamilyFixture.Names;

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void DamagedConfigurations(string name)
    {
        byte[] original = File.ReadAllBytes(Path.Combine(FamilyFixture.Folder(name), "config.json"));
        File.Copy(Path.Combine(FamilyFixture.Folder(name), "model.safetensors"), folder["model.safetensors"]);
        using DecoderModel model = FamilyFixture.Load(name);
        HostileRun.Cases(
            150, 71 + name.Length,
            random =>
            {
                bool generation = random.Next(4) == 0;
                File.WriteAllBytes(folder["config.json"], generation ? original : Mutation.Of(original, random));
                File.WriteAllBytes(folder["generation_config.json"], generation ? Mutation.Of(Generation, random) : Generation);
                return Directory.EnumerateFiles(folder.Path).Sum(f => new FileInfo(f).Length);
            },
            () =>
            {
                using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
                Assert.Equal(DecoderWeights.CountParameters(loaded.Config), loaded.Weights.ParameterCount);
                Assert.True(loaded.Weights.Embedding_VC.equal(model.Weights.Embedding_VC).all().item<bool>());
                Assert.All([loaded.Config.BosId, loaded.Config.EosId, .. loaded.Config.OtherEosIds?.Ids.Select(id => (int?)id) ?? []], id => Assert.False(id < 0 || id >= loaded.Config.VocabularySize));
            });
    }
}
