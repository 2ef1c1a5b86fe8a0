using Flextron.Mixers;
using Flextron.Models;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Mixers;

public sealed class LinearMixerTests
{
    public static TheoryData<MixerKind> EveryKind() => RandomMixers.EveryKind();

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void EveryFormIsTheDefinition(MixerKind kind)
    {
        using var scope = NewDisposeScope();
        ModelConfig config = RandomMixers.Config(kind);
        using DecoderWeights weights = RandomMixers.Weights(config, seed: 7, ScalarType.Float64), narrow = weights.Clone(ScalarType.Float32);
        Tensor x_BTC = Random(1, 41, config.HiddenSize);
        double[][] naive = new NaiveMixer(config, weights.Blocks[0]).Update([.. Enumerable.Range(0, 41).Select(t => x_BTC[0, t].data<double>().ToArray())]);
        Tensor expected_TC = stack([.. naive.Select(row => tensor(row))]);

        foreach (MixerForm form in Enum.GetValues<MixerForm>())
        {
            double wide = Mix(config, weights, x_BTC, form)[0].sub(expected_TC).abs().max().item<double>();
            double single = Mix(config, narrow, x_BTC.to(ScalarType.Float32), form)[0].to(ScalarType.Float64).sub(expected_TC).abs().max().item<double>();
            Assert.True(wide < 1e-10, $"{form}: {wide}");
            Assert.True(single < 1e-4, $"{form} in float32: {single}");
        }
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void GradientsOfEveryTensorAreFiniteDifferences(MixerKind kind)
    {
        ModelConfig config = RandomMixers.Config(MixerKind.Attention, kind);
        using DecoderWeights weights = RandomMixers.Weights(config, seed: 3, ScalarType.Float64), gradients = DecoderWeights.Allocate(config, ScalarType.Float64);
        using var model = new DecoderModel(weights, ownsWeights: false);
        using var pass = new ComposedPass(model, gradients);
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor ids_BT = randint(config.VocabularySize, [2, 21], generator: generator).to(ScalarType.Int64);
        var batch = new TrainingBatch(ids_BT.narrow(1, 0, 20), ids_BT.narrow(1, 1, 20).reshape(-1), null, 0);
        pass.Run(model.FullNetwork, batch, 1);

        using var noGrad = no_grad();
        double Loss()
        {
            using var inner = NewDisposeScope();
            return nn.functional.cross_entropy(model.Forward(batch.Input_BT).flatten(0, 1), batch.Target_N).item<double>();
        }

        var random = new Random(6);
        int mixerTensors = 0;
        foreach (((string name, Tensor tensor), (_, Tensor gradient)) in weights.Named().Zip(gradients.Named()))
        {
            if (!name.StartsWith("blocks.1", StringComparison.Ordinal)) continue;
            Tensor flat = tensor.view(-1);
            bool isConstant = name.EndsWith("logDecay", StringComparison.Ordinal);
            if (name.Contains("mixer", StringComparison.Ordinal)) mixerTensors++;
            for (int i = 0; i < 3; i++)
            {
                int at = random.Next((int)flat.numel());
                double value = flat[at].item<double>(), step = 1e-5;
                flat[at].fill_(value + step);
                double above = Loss();
                flat[at].fill_(value - step);
                double below = Loss();
                flat[at].fill_(value);
                double expected = isConstant ? 0 : (above - below) / (2 * step);
                double tolerance = 1e-7 + 1e-5 * Math.Abs(expected);
                Assert.True(Math.Abs(expected - gradient.view(-1)[at].item<double>()) < tolerance, $"{name}[{at}]: {gradient.view(-1)[at].item<double>()}, not {expected}");
            }
        }
        Assert.Equal(LinearMixer.Of(kind).Tensors.Count, mixerTensors);
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void HalfPrecisionIsTheSameFunctionWithinItsDigits(MixerKind kind)
    {
        using var scope = NewDisposeScope();
        ModelConfig config = RandomMixers.Config(kind);
        using DecoderWeights weights = RandomMixers.Weights(config, seed: 8), half = weights.Clone(ScalarType.BFloat16), rounded = half.Clone(ScalarType.Float32);
        Tensor x_BTC = Random(1, 50, config.HiddenSize).to(ScalarType.BFloat16);

        Tensor expected = Mix(config, rounded, x_BTC.to(ScalarType.Float32), MixerForm.Chunked), actual = Mix(config, half, x_BTC, MixerForm.Chunked);

        Assert.Equal(ScalarType.BFloat16, actual.dtype);
        double error = actual.to(ScalarType.Float32).sub(expected).norm().item<float>() / expected.norm().item<float>();
        Assert.True(error < 0.05, $"{error}");
    }

    private static Tensor Random(params long[] shape)
    {
        using var generator = new Generator(11);
        return randn(shape, dtype: ScalarType.Float64, generator: generator);
    }

    private static Tensor Mix(ModelConfig config, DecoderWeights weights, Tensor x_BTC, MixerForm form)
    {
        BlockWeights block = weights.Blocks[0];
        using var rotary = new RotaryTable(config, CPU);
        return LinearMixer.Of(block.Mixer!.Kind).Mix(
            new MixerProjections(block.Query_QC, block.Key_KC, block.Value_KC, block.Output_QC), block.Mixer,
            new MixerShape(config.KvGroupCount, config.HeadsPerGroup, config.HeadSize, config.NormEpsilon), x_BTC, x => rotary.Rotate(x, 0), form: form);
    }
}
