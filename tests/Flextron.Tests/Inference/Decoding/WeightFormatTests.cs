using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Inference.Decoding;

public sealed class WeightFormatTests
{
    [Theory]
    [InlineData(2, WeightFormat.BFloat16)]
    [InlineData(2, WeightFormat.Int8)]
    [InlineData(9, WeightFormat.BFloat16)]
    [InlineData(9, WeightFormat.Int8)]
    [InlineData(16, WeightFormat.BFloat16)]
    [InlineData(16, WeightFormat.Int8)]
    public void OnlyTheWeightsAreRounded(int seed, WeightFormat format)
    {
        // The engine on rounded weights is libtorch in float32 on weights that were rounded beforehand, here by other means.
        ModelConfig config = RandomShapes.Config(seed);
        HfWeights weights = RandomLlama.Create(config, seed);
        using var model = new DecoderModel(weights.ToDecoderWeights(config));
        using var rounded = new DecoderModel(weights.ToDecoderWeights(config));
        foreach ((_, Tensor tensor) in rounded.Weights.Named().Where(n => n.Tensor.dim() == 2)) Round(tensor, format);
        int[] ids = RandomShapes.Ids(config, new Random(seed), 30);
        float[,] expected = DecodeSessionTests.TorchLogits(rounded, ids, model.FullNetwork);
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            using var engine = new DecodeEngine(model, format, kernels);
            using DecodeSession session = engine.NewSession();
            for (int t = 0; t < ids.Length; t++)
            {
                ReadOnlySpan<float> logits = session.Step(ids[t]);
                for (int v = 0; v < logits.Length; v++) Assert.Equal(expected[t, v], logits[v], 1e-4);
            }
        }
    }

    [Fact]
    public void AnEightBitWeightIsOffByAtMostHalfAStep()
    {
        using Tensor matrix_RC = randn([40, 33]) * 3;
        matrix_RC[7].zero_();
        matrix_RC[8].fill_(1e-42f);
        sbyte[] bytes = new sbyte[40 * 33];
        float[] scales = new float[40], values = matrix_RC.data<float>().ToArray();
        unsafe
        {
            fixed (sbyte* b = bytes)
            fixed (float* s = scales) Int8Rows.Quantize(matrix_RC, b, s);
        }
        for (int r = 0; r < 40; r++)
        {
            float greatest = Enumerable.Range(0, 33).Max(c => Math.Abs(values[r * 33 + c]));
            for (int c = 0; c < 33; c++) Assert.True(Math.Abs(values[r * 33 + c] - scales[r] * bytes[r * 33 + c]) <= greatest / 254 * 1.0001f + 1e-41f);
        }
    }

    [Fact]
    public void AHalfPrecisionModelIsReadInItsOwnType()
    {
        ModelConfig config = RandomShapes.Config(3);
        using var model = new DecoderModel(RandomLlama.Create(config, 3).ToDecoderWeights(config));
        using var half = new DecoderModel(model.Weights.Clone(ScalarType.BFloat16));
        using DecodeEngine a = new(half), b = new(model, WeightFormat.BFloat16);
        Assert.Equal(WeightFormat.BFloat16, a.Format);
        using DecodeSession x = a.NewSession(), y = b.NewSession();
        // Norm weights are kept as the model has them, so a model in bfloat16 has rounded ones.
        foreach ((_, Tensor vector) in model.Weights.Named().Where(n => n.Tensor.dim() == 1)) Round(vector);
        foreach (int id in RandomShapes.Ids(config, new Random(1), 10)) Assert.Equal(x.Step(id).ToArray(), y.Step(id).ToArray());
    }

    [Fact]
    public void TrainingInPlaceShowsAtOnce()
    {
        ModelConfig config = RandomShapes.Config(4);
        using var model = new DecoderModel(RandomLlama.Create(config, 4).ToDecoderWeights(config));
        using var engine = new DecodeEngine(model);
        using DecodeSession session = engine.NewSession();
        float[] before = session.Step(1).ToArray();
        using (no_grad()) model.Weights.Flat.mul_(1.25);
        session.Reset();
        float[] after = session.Step(1).ToArray();
        Assert.NotEqual(before, after);
        float[,] expected = DecodeSessionTests.TorchLogits(model, [1], model.FullNetwork);
        for (int v = 0; v < after.Length; v++) Assert.Equal(expected[0, v], after[v], 1e-4);
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16, 0.002)]
    [InlineData(WeightFormat.Int8, 0.01)]
    public void TheLossOfTheEmbeddedModelHardlyChanges(WeightFormat format, double bound)
    {
        using var model = new DecoderModel(CheckpointLoader.Load(EmbeddedData.BaseModel).Weights);
        Tokenizer tokenizer = TokenizerLoader.Load(EmbeddedData.BaseModel);
        string text = File.ReadLines(Path.Combine(EmbeddedData.TinyWorld, "heldout.txt")).Aggregate("", (a, b) => a.Length < 4000 ? a + b + "\n" : a);
        int[] ids = [.. tokenizer.Encode(text).Take(model.Config.ContextLength)];
        Assert.InRange(Math.Abs(Loss(model, ids, format) - Loss(model, ids, WeightFormat.Float32)), 0, bound);
    }

    private static double Loss(DecoderModel model, int[] ids, WeightFormat format)
    {
        using var engine = new DecodeEngine(model, format);
        using DecodeSession session = engine.NewSession();
        double sum = 0;
        for (int t = 0; t + 1 < ids.Length; t++)
        {
            float[] logits = session.Step(ids[t]).ToArray();
            double greatest = logits.Max();
            sum += greatest + Math.Log(logits.Sum(l => Math.Exp(l - greatest))) - logits[ids[t + 1]];
        }
        return sum / (ids.Length - 1);
    }

    private static void Round(Tensor tensor)
    {
        using var noGrad = no_grad();
        tensor.copy_(tensor.to(ScalarType.BFloat16));
    }

    private static void Round(Tensor matrix, WeightFormat format)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        if (format == WeightFormat.BFloat16)
        {
            Round(matrix);
            return;
        }
        Tensor scale = matrix.abs().amax([1], keepdim: true) / 127;
        matrix.copy_((matrix / scale).round() * scale);
    }
}
