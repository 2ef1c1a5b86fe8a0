using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tests.Mixers;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Checkpoints;

public sealed class FlextronCheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void WhatIsWrittenIsReadBitForBit(ScalarType dtype)
    {
        using DecoderWeights weights = RandomMixers.Weights(RandomMixers.Hybrid() with { TiedEmbeddings = dtype == ScalarType.Float32 }, seed: 1, dtype);
        CheckpointWriter.Save(weights, folder.Path, CheckpointWriter.FolderFormat(weights.Config), dtype);

        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path, dtype);

        Assert.Equal(CheckpointFormat.Flextron, loaded.Format);
        Assert.Equal(weights.Config, loaded.Config);
        Assert.True(loaded.Weights.Flat.Equals(weights.Flat));
    }

    [Theory]
    [InlineData(CheckpointFormat.HuggingFace)]
    [InlineData(CheckpointFormat.Llama2C)]
    public void OrdinaryFormatsRefuseWhatTheyCannotSay(CheckpointFormat format)
    {
        using DecoderWeights weights = RandomMixers.Weights(RandomMixers.Hybrid(), seed: 1);

        string message = Assert.Throws<FlextronException>(() => CheckpointWriter.Save(weights, folder["x.bin"], format)).Message;

        Assert.Contains("attention, retention, gated linear attention, state space: keep it in the Flextron format", message, StringComparison.Ordinal);
        Assert.False(Path.Exists(folder["x.bin"]));
    }

    [Theory]
    [InlineData("\"format\": 1", "\"format\": 9", "has format 9")]
    [InlineData("\"hiddenSize\": 12", "\"hiddenSize\": 13", "weights where its config.json asks for")]
    [InlineData("\"retention\",", "", "not one known kind for each of the 4 blocks")]
    [InlineData("\"retention\"", "\"magic\"", "is not a readable model configuration")]
    [InlineData("\"retention\"", "7", "not one known kind")]
    [InlineData("\"kinds\"", "\"sorts\"", "not one known kind")]
    [InlineData("\"blockCount\": 4", "\"blockCount\": 100000000", "100000000 blocks are not possible")]
    [InlineData("\"gatedLinear\"", "\"stateSpace\"", "weights and configuration are of different models")]
    [InlineData("\"vocabularySize\": 29", "\"vocabularySize\": 16777216", "weights and configuration are of different models")]
    public void DamageIsNamed(string was, string becomes, string message)
    {
        using (DecoderWeights weights = RandomMixers.Weights(RandomMixers.Hybrid(), seed: 1)) FlextronCheckpoint.Save(weights, folder.Path);
        string path = folder["config.json"], text = File.ReadAllText(path);
        Assert.Contains(was, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(was, becomes, StringComparison.Ordinal));

        Assert.Contains(message, Assert.Throws<FlextronException>(() => CheckpointLoader.Load(folder.Path).Dispose()).Message, StringComparison.Ordinal);
    }
}
