using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Training.Passes;

/// <summary>The fused pass against libtorch's differentiation of the composed model in float64, and against finite differences.</summary>
public sealed class FusedPassTests
{
    // Sizes that are no multiples of sixteen run through the kernels' remainders.
    private static readonly ModelConfig Odd = RandomLlama.TinyConfig() with { ContextLength = 700 };

    private static readonly ModelConfig Even = Odd with { HiddenSize = 64, HeadCount = 4, KvGroupCount = 2, HeadSize = 32, NeuronCount = 96, VocabularySize = 40, TiedEmbeddings = true };

    // Rotations that also stretch, as YaRN's do, in one block, and none in the other.
    private static readonly ModelConfig Scaled = Odd with
    {
        Architecture = Odd.Architecture with { RopeScaling = new RopeScaling(RopeScalingKind.Yarn, 4) { OriginalContextLength = 64, AttentionFactor = 1.4, FastTurns = 8, SlowTurns = 1 } },
        UnrotatedBlocks = new BlockPattern([false, true]),
    };

    public static TheoryData<string, int, int, double> Cases() => new()
    {
        { "odd full", 2, 10, 0 },
        { "odd full", 2, 150, 0.5 },
        { "odd slice", 3, 10, 0 },
        { "odd narrow", 2, 70, 0.5 },
        { "odd skipping", 2, 10, 0 },
        { "even full", 2, 130, 0.3 },
        { "even slice", 1, 1, 0 },
        { "even narrow", 2, 64, 0 },
        { "even full", 1, 600, 0 },
        { "scaled, second block unrotated", 2, 40, 0 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void LossAndGradientEqualTheComposedModelInFloat64(string name, int batch, int time, double alpha)
    {
        (ModelConfig config, SubNetwork network) = Of(name);
        using var scope = NewDisposeScope();
        TrainingBatch data = Batch(config, batch, time, alpha);
        (double expected, Tensor exact) = Exact(config, network, data);
        (double loss, Tensor gradient) = Fused(config, network, data, ScalarType.Float32);

        Assert.Equal(expected, loss, 1e-5);
        Assert.True(exact.norm().item<double>() > 1e-2);
        double error = (gradient.to(ScalarType.Float64) - exact).abs().max().item<double>();
        Assert.True(error < 2e-6 * Math.Max(1, exact.abs().max().item<double>()), $"largest difference {error}");
        Assert.True(gradient.masked_select(exact == 0).abs().sum().item<float>() == 0, "a parameter outside the slice has a gradient");
    }

    [Fact]
    public void TheGradientIsTheSlopeOfTheLoss()
    {
        (ModelConfig config, SubNetwork network) = Of("odd slice");
        using var scope = NewDisposeScope();
        TrainingBatch data = Batch(config, 2, 20, 0.4);
        (_, Tensor gradient) = Fused(config, network, data, ScalarType.Float32);
        manual_seed(3);
        for (int trial = 0; trial < 5; trial++)
        {
            Tensor direction = randn(gradient.numel(), ScalarType.Float64);
            double slope = (LossAt(direction, 1e-5) - LossAt(direction, -1e-5)) / 2e-5, predicted = (gradient.to(ScalarType.Float64) * direction).sum().item<double>();
            Assert.True(Math.Abs(slope - predicted) < 1e-4 * Math.Max(1, Math.Abs(slope)), $"{slope} and {predicted}");
        }

        double LossAt(Tensor direction, double step)
        {
            using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config), moved = weights.Clone(ScalarType.Float64);
            moved.Flat.add_(direction * step);
            using var model = new DecoderModel(moved, ownsWeights: false);
            using DecoderWeights gradients = DecoderWeights.Allocate(config, ScalarType.Float64);
            using var pass = new ComposedPass(model, gradients);
            return pass.Run(network, data, 1);
        }
    }

    [Theory]
    [InlineData("even full")]
    [InlineData("even narrow")]
    [InlineData("odd slice")]
    public void BFloat16StaysWithinItsPrecision(string name)
    {
        (ModelConfig config, SubNetwork network) = Of(name);
        using var scope = NewDisposeScope();
        TrainingBatch data = Batch(config, 4, 64, 0.5);
        (double expected, Tensor exact) = Exact(config, network, data);
        (double loss, Tensor gradient) = Fused(config, network, data, ScalarType.BFloat16);

        Assert.Equal(expected, loss, 0.02);
        double relative = (gradient.to(ScalarType.Float64) - exact).norm().item<double>() / exact.norm().item<double>();
        Assert.True(relative is > 1e-4 and < 0.03, $"relative error {relative}");
    }

    [Fact]
    public void GradientsOfSeveralPassesAddUpByTheirWeights()
    {
        (ModelConfig config, SubNetwork network) = Of("odd slice");
        using var scope = NewDisposeScope();
        TrainingBatch data = Batch(config, 2, 12, 0);
        (_, Tensor once) = Fused(config, network, data, ScalarType.Float32);
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config), gradients = DecoderWeights.Allocate(config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        using var pass = new FusedPass(model, gradients);
        pass.Run(network, data, 0.25);
        pass.Run(network, data, 0.75);

        Assert.True((gradients.Flat - once).abs().max().item<float>() < 1e-6f);
    }

    private static (double Loss, Tensor Gradient) Fused(ModelConfig config, SubNetwork network, TrainingBatch data, ScalarType dtype)
    {
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config), gradients = DecoderWeights.Allocate(config);
        using var model = new DecoderModel(weights, ownsWeights: false);
        using var pass = new FusedPass(model, gradients, dtype);
        double loss = pass.Run(network, data, 1);
        return (loss, gradients.Flat.clone());
    }

    private static (double Loss, Tensor Gradient) Exact(ModelConfig config, SubNetwork network, TrainingBatch data)
    {
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config), wide = weights.Clone(ScalarType.Float64), gradients = DecoderWeights.Allocate(config, ScalarType.Float64);
        using var model = new DecoderModel(wide, ownsWeights: false);
        using var pass = new ComposedPass(model, gradients);
        double loss = pass.Run(network, data, 1);
        return (loss, gradients.Flat.clone());
    }

    private static (ModelConfig Config, SubNetwork Network) Of(string name) => name switch
    {
        "odd full" => (Odd, SubNetwork.Full(Odd)),
        "odd slice" => (Odd, new SubNetwork([new BlockShape(1, 9), new BlockShape(2, 5)])),
        "odd narrow" => (Odd, new SubNetwork([new BlockShape(1, 9), new BlockShape(2, 20)], width: Odd.HiddenSize - 3)),
        "odd skipping" => (Odd, new SubNetwork([new BlockShape(0, 9), new BlockShape(2, 0)])),
        "scaled, second block unrotated" => (Scaled, SubNetwork.Full(Scaled)),
        "even full" => (Even, SubNetwork.Full(Even)),
        "even slice" => (Even, new SubNetwork([new BlockShape(1, 32), new BlockShape(2, 48)])),
        _ => (Even, new SubNetwork([new BlockShape(1, 96), new BlockShape(2, 48)], width: 48)),
    };

    private static TrainingBatch Batch(ModelConfig config, int batch, int time, double alpha)
    {
        manual_seed(7);
        Tensor input_BT = randint(0, config.VocabularySize, [batch, time], ScalarType.Int64), target_N = randint(0, config.VocabularySize, [(long)batch * time], ScalarType.Int64);
        Tensor? teacher_NV = alpha == 0 ? null : nn.functional.log_softmax(randn((long)batch * time, config.VocabularySize) * 2, 1);
        return new TrainingBatch(input_BT, target_N, teacher_NV, alpha);
    }
}
