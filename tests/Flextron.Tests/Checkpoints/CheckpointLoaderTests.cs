using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Checkpoints;

public sealed class CheckpointLoaderTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WhatIsNotACheckpointIsSaidInASentence()
    {
        Assert.Contains("There is no checkpoint at", Refusal(folder["absent"]), StringComparison.Ordinal);
        Assert.Contains("holds no checkpoint: supported are", Refusal(folder.Path), StringComparison.Ordinal);
        File.WriteAllText(folder["model.gguf"], "GGUF");
        Assert.Contains("is not a checkpoint by itself: supported are", Refusal(folder["model.gguf"]), StringComparison.Ordinal);
        File.WriteAllText(folder["model.safetensors"], "");
        Assert.Contains("give its folder", Refusal(folder["model.safetensors"]), StringComparison.Ordinal);
        Assert.Contains("has weights but no config.json", Refusal(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralFilesMustBeNamed()
    {
        File.WriteAllText(folder["a.bin"], "");
        File.WriteAllText(folder["b.bin"], "");
        Assert.Contains("holds 2 .bin files: name one of them", Refusal(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void PickledWeightsAreRefusedWithTheWayOut()
    {
        File.WriteAllBytes(folder["pytorch_model.bin"], [.. "PK\x03\x04"u8, .. new byte[100]]);
        Assert.Contains("save_pretrained(safe_serialization=True)", Refusal(folder.Path), StringComparison.Ordinal);
        File.WriteAllText(folder["config.json"], """{"model_type":"llama","vocab_size":32,"hidden_size":24,"num_hidden_layers":3,"num_attention_heads":4,"intermediate_size":40}""");
        Assert.Contains("save_pretrained(safe_serialization=True)", Refusal(folder.Path), StringComparison.Ordinal);
        File.Delete(folder["pytorch_model.bin"]);
        Assert.Contains("holds neither model.safetensors nor", Refusal(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void WeightsAreHeldAsAsked()
    {
        ModelConfig config = RandomLlama.TinyConfig(headSize: 4);
        using DecoderWeights weights = RandomLlama.Create(config, 1).ToDecoderWeights(config);
        CheckpointWriter.Save(weights, folder["m.bin"], CheckpointFormat.Llama2C);
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path, ScalarType.BFloat16);
        using Tensor expected = weights.Flat.to(ScalarType.BFloat16);
        Assert.Equal(ScalarType.BFloat16, loaded.Weights.Flat.dtype);
        Assert.True(expected.eq(loaded.Weights.Flat).all().item<bool>());
        Assert.Contains("cannot be kept as Int64", Assert.Throws<FlextronException>(() => CheckpointLoader.Load(folder.Path, ScalarType.Int64)).Message, StringComparison.Ordinal);
        Assert.Contains("holds Float32, not BFloat16", Assert.Throws<FlextronException>(
            () => CheckpointWriter.Save(weights, folder["n.bin"], CheckpointFormat.Llama2C, ScalarType.BFloat16)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadingAndSavingLeaveNoNativeMemoryBehind()
    {
        ModelConfig config = RandomLlama.TinyConfig(headSize: 4);
        using DecoderWeights weights = RandomLlama.Create(config, 2).ToDecoderWeights(config);
        HuggingFaceCheckpoint.Save(weights, folder.Path);
        long Live() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        void Round()
        {
            using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
            HuggingFaceCheckpoint.Save(loaded.Weights, folder["copy"]);
            Llama2CheckpointFile.Save(loaded.Weights, folder["copy.bin"]);
            using LoadedCheckpoint again = CheckpointLoader.Load(folder["copy.bin"]);
        }
        Round();
        long before = Live();
        for (int i = 0; i < 10; i++) Round();
        Assert.Equal(before, Live());
    }

    private static string Refusal(string path) => Assert.Throws<FlextronException>(() => CheckpointLoader.Load(path).Dispose()).Message;
}
