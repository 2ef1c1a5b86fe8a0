using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using Flextron.Native;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Inference.Decoding;

public sealed class EngineWeightsTests
{
    [Theory]
    [InlineData(ScalarType.Float32, WeightFormat.Model)]
    [InlineData(ScalarType.Float32, WeightFormat.BFloat16)]
    [InlineData(ScalarType.Float32, WeightFormat.Int8)]
    [InlineData(ScalarType.BFloat16, WeightFormat.Model)]
    [InlineData(ScalarType.BFloat16, WeightFormat.Float32)]
    public void AnEngineOutlivesTheModelThatItReads(ScalarType dtype, WeightFormat format)
    {
        // Weights of several huge pages, an odd number of bytes beyond.
        ModelConfig config = new()
        {
            Family = "llama", VocabularySize = 3001, HiddenSize = 333, BlockCount = 2, HeadCount = 6, KvGroupCount = 3, HeadSize = 48, NeuronCount = 500, ContextLength = 16,
        };
        var model = new DecoderModel(RandomLlama.Create(config, seed: 5).ToDecoderWeights(config).Clone(dtype));
        Assert.True(model.Weights.Flat.numel() * model.Weights.Flat.element_size() > 2 * HugePages.Size);
        using var engine = new DecodeEngine(model, format);
        float[] expected = Logits();
        long bytes = model.Weights.Flat.numel() * model.Weights.Flat.element_size();
        model.Dispose();
        // What was given back would be given out again.
        Tensor[] others = [.. Enumerable.Range(0, 4).Select(_ => HugeTensor.Zeros(bytes, ScalarType.Int8, CPU).fill_(7))];
        Assert.Equal(expected, Logits());
        foreach (Tensor other in others) other.Dispose();

        float[] Logits()
        {
            using DecodeSession session = engine.NewSession(threads: 1);
            session.Prefill([1, 2000, 3, 4, 5]);
            return session.Step(6).ToArray();
        }
    }
}
