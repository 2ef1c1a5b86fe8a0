using Flextron.Checkpoints;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;
using Flextron.Tests.Inference.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Models;

/// <summary>Scaled rotary frequencies against numbers worked out from the papers' formulas, and what every way of computing makes of them.</summary>
public sealed class RopeScalingTests : IDisposable
{
    private const string Shape = """{"model_type":"llama","vocab_size":29,"hidden_size":24,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":20""";
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void YarnRampsOverPairsBetweenTheTurnsOfTheOriginalContext()
    {
        // 64 pairs of base 10000 and 4096 tokens: pair 20.94 makes 32 turns and pair 45.03 makes one, so that the ramp runs from 20 to 46, which is 26 pairs.
        double[] plain = Plain(128, 10000), scaled = Frequencies(128, 10000, """{"type":"yarn","factor":8,"original_max_position_embeddings":4096}""", 32768);
        for (int i = 0; i < 64; i++)
        {
            double divided = Math.Min(Math.Max(i - 20, 0), 26) / 26.0;
            Assert.Equal(plain[i] * (1 - divided + (divided / 8)), scaled[i], 1e-15);
        }
        Assert.Equal(plain[33] * 0.5625, scaled[33], 1e-15);
        // Other limits and no rounding: the pairs themselves.
        scaled = Frequencies(128, 10000, """{"rope_type":"yarn","factor":8,"original_max_position_embeddings":4096,"beta_fast":64,"beta_slow":4,"truncate":false}""", 32768);
        double Pair(double turns) => 64 * Math.Log(4096 / (2 * Math.PI * turns), 10000);
        for (int i = 0; i < 64; i++)
        {
            double divided = Math.Clamp((i - Pair(64)) / (Pair(4) - Pair(64)), 0, 1);
            Assert.Equal(plain[i] * (1 - divided + (divided / 8)), scaled[i], 1e-15);
        }
    }

    [Theory]
    [InlineData("""{"rope_type":"yarn","factor":8,"original_max_position_embeddings":16}""", 1.2079441541679836)] // 0.1 ln 8 + 1
    [InlineData("""{"rope_type":"yarn","original_max_position_embeddings":16}""", 1.0693147180559945)] // the contexts' ratio of 2 in the factor's place
    [InlineData("""{"rope_type":"yarn","factor":8,"original_max_position_embeddings":16,"attention_factor":1.5}""", 1.5)]
    [InlineData("""{"rope_type":"yarn","factor":8,"original_max_position_embeddings":16,"mscale":2,"mscale_all_dim":1}""", 1.1721471588322)] // (0.2 ln 8 + 1) / (0.1 ln 8 + 1)
    [InlineData("""{"rope_type":"yarn","factor":8,"original_max_position_embeddings":16,"mscale":0.707,"mscale_all_dim":0.707}""", 1.0)]
    [InlineData("""{"rope_type":"yarn","factor":8,"original_max_position_embeddings":16,"mscale":2}""", 1.2079441541679836)]
    [InlineData("""{"rope_type":"longrope","original_max_position_embeddings":16,"short_factor":[1,1,1],"long_factor":[1,1,1]}""", 1.118033988749895)] // √(1 + ln 2 / ln 16) = √1.25
    [InlineData("""{"rope_type":"longrope","factor":4,"short_factor":[1,1,1],"long_factor":[1,1,1]}""", 1.1832159566199232)] // √(1 + ln 4 / ln 32) = √1.4
    [InlineData("""{"rope_type":"longrope","factor":4,"attention_factor":1.25,"short_factor":[1,1,1],"long_factor":[1,1,1]}""", 1.25)]
    [InlineData("""{"rope_type":"dynamic","factor":4}""", null)]
    [InlineData("""{"rope_type":"llama3","factor":4,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":16}""", null)]
    public void QueriesAndKeysGrowByTheAttentionFactor(string scaling, double? factor)
    {
        ModelConfig config = Read(scaling, 32);
        Assert.Equal(factor ?? 1, config.Architecture.RopeScaling!.AttentionFactor ?? 1, 1e-14);
        using var table = new RotaryTable(config, CPU);
        using var scope = NewDisposeScope();
        Tensor x_BTLH = randn(1, 7, 3, 6), turned_BTLH = table.Rotate(x_BTLH, 2);
        Assert.Equal(x_BTLH.norm().item<float>() * (factor ?? 1), turned_BTLH.norm().item<float>(), 1e-5);
    }

    [Fact]
    public void LongRopeDividesByTheFactorsOfTheContextThatIsRead()
    {
        const string scaling = """{"type":"longrope","original_max_position_embeddings":16,"short_factor":[1,1.5,2],"long_factor":[1,4,32]}""";
        ModelConfig config = Read(scaling, 512);
        // Within the original context all texts have the same frequencies, so that is what the model reads; its long texts are another shape.
        Assert.Equal(16, config.ContextLength);
        double[] plain = Plain(6, 10000);
        Close([plain[0], plain[1] / 1.5, plain[2] / 2], RotaryTable.Frequencies(config));
        Close([plain[0], plain[1] / 4, plain[2] / 32], RotaryTable.Frequencies(config with { ContextLength = 512 }));
        Assert.Equal(Math.Sqrt(2.25), config.Architecture.RopeScaling!.AttentionFactor!.Value, 1e-14);
    }

    [Fact]
    public void DynamicScalingChangesNothingWithinTheContext()
    {
        ModelConfig config = Read("""{"type":"dynamic","factor":2.5}""", 64);
        Close(Plain(6, 10000), RotaryTable.Frequencies(config));
        using var model = new DecoderModel(DecoderWeights.Allocate(config));
        Assert.Contains("65 tokens do not fit the model's context of 64", Assert.Throws<FlextronException>(() => model.Forward(zeros(1, 65, ScalarType.Int64))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"rope_type":"dynamic","factor":2.5}""")]
    [InlineData("""{"rope_type":"yarn","factor":4,"original_max_position_embeddings":16,"beta_fast":3,"truncate":false,"mscale":2,"mscale_all_dim":1}""")]
    [InlineData("""{"rope_type":"yarn","factor":2}""")]
    [InlineData("""{"rope_type":"longrope","original_max_position_embeddings":16,"short_factor":[1,1.5,2],"long_factor":[1,4,32]}""")]
    [InlineData("""{"rope_type":"longrope","factor":3,"attention_factor":1.3,"short_factor":[1,1.5,2],"long_factor":[1,4,32]}""")]
    public void IsComputedByTheEngineAndWrittenBack(string scaling)
    {
        ModelConfig config = Read(scaling, 32);
        using DecoderModel model = FamilyDecodingTests.Random(config);
        int[] ids = RandomShapes.Ids(config, new Random(2), config.ContextLength);
        float[,] expected = DecodeSessionTests.TorchLogits(model, ids, model.FullNetwork);
        foreach (IKernels kernels in RandomShapes.Kernels)
        {
            using var engine = new DecodeEngine(model, WeightFormat.Model, kernels);
            using DecodeSession session = engine.NewSession();
            for (int t = 0; t < ids.Length; t++)
            {
                float[] logits = session.Step(ids[t]).ToArray();
                for (int v = 0; v < logits.Length; v++) Assert.Equal(expected[t, v], logits[v], 1e-4);
            }
        }
        HuggingFaceCheckpoint.Save(model.Weights, folder["saved"]);
        Assert.Equal(config, HuggingFaceCheckpoint.ReadConfig(folder["saved"]));
        FlextronCheckpoint.Save(model.Weights, folder["own"]);
        Assert.Equal(config, FlextronCheckpoint.ReadConfig(folder["own"]));
    }

    [Theory]
    [InlineData("""{"rope_type":"yarn","factor":8,"beta_fast":1,"beta_slow":2}""", "beta_fast 1 and beta_slow 2 are not possible")]
    [InlineData("""{"rope_type":"yarn","factor":8,"attention_factor":-1}""", "a rotary attention factor of -1 is not possible")]
    [InlineData("""{"rope_type":"yarn","factor":8,"original_max_position_embeddings":0}""", "an original context of 0 tokens is not possible")]
    [InlineData("""{"rope_type":"yarn","factor":8,"rope_theta":1}""", "a rotary base of 1 is not possible with yarn")]
    [InlineData("""{"rope_type":"longrope","factor":8,"long_factor":[1,1,1]}""", "longrope's short_factor must be 3 positive numbers")]
    [InlineData("""{"rope_type":"longrope","factor":8,"short_factor":[1,1,1],"long_factor":[1,1]}""", "longrope's long_factor must be 3 positive numbers")]
    [InlineData("""{"rope_type":"longrope","factor":8,"short_factor":[1,1,1],"long_factor":[1,0,1]}""", "longrope's long_factor must be 3 positive numbers")]
    [InlineData("""{"rope_type":"longrope","factor":8,"short_factor":"1"}""", "short_factor '\"1\"' is not a list of numbers")]
    [InlineData("""{"rope_type":"longrope","short_factor":[1,1,1],"long_factor":[1,1,1]}""", "factor of the rotary scaling is missing")]
    [InlineData("""{"rope_type":"dynamic","factor":2,"alpha":1000}""", "rope_scaling has 'alpha', which is not supported")]
    [InlineData("""{"rope_type":"default","mrope_section":[1,1,1]}""", "rope_scaling has 'mrope_section', which is not supported")]
    [InlineData("""{"full_attention":{"rope_theta":5e5},"sliding_attention":{"rope_theta":1e4}}""", "rope_scaling has 'full_attention', which is not supported")]
    [InlineData("""{"rope_type":"proportional"}""", "rope_type 'proportional' is not supported; supported are default, linear, llama3, dynamic, yarn, longrope")]
    public void WhatIsWrongIsNamed(string scaling, string why)
    {
        string message = Assert.Throws<FlextronException>(() => Read(scaling, 32)).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains(folder["config.json"], message, StringComparison.Ordinal);
    }

    private static void Close(double[] expected, double[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), p => Assert.Equal(p.First, p.Second, 1e-15));
    }

    private static double[] Plain(int size, double theta) => [.. Enumerable.Range(0, size / 2).Select(i => 1 / Math.Pow(theta, 2.0 * i / size))];

    private double[] Frequencies(int size, double theta, string scaling, int context) => RotaryTable.Frequencies(Read(scaling, context) with { HeadSize = size, RopeTheta = theta });

    private ModelConfig Read(string scaling, int context)
    {
        File.WriteAllText(folder["config.json"], $"{Shape},\"max_position_embeddings\":{context},\"rope_scaling\":{scaling}}}");
        return HuggingFaceCheckpoint.ReadConfig(folder.Path);
    }
}
