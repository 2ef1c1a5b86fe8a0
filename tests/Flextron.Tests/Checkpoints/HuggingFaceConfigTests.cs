using System.Text.Json.Nodes;
using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Checkpoints;

public sealed class HuggingFaceConfigTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void DefaultsAreThoseOfTheFormat()
    {
        ModelConfig config = Read("""{"model_type":"llama","vocab_size":32,"hidden_size":24,"num_hidden_layers":3,"num_attention_heads":4,"intermediate_size":40}""");
        Assert.Equal((32, 24, 3, 4, 40), (config.VocabularySize, config.HiddenSize, config.BlockCount, config.HeadCount, config.NeuronCount));
        Assert.Equal((4, 6, 2048), (config.KvGroupCount, config.HeadSize, config.ContextLength));
        Assert.Equal((1e-6, 10000.0, false), (config.NormEpsilon, config.RopeTheta, config.TiedEmbeddings));
        Assert.Equal((null, null), (config.BosId, config.EosId));
    }

    [Theory]
    [InlineData("head_dim", "8", 8.0)]
    [InlineData("head_dim", "null", 4.0)]
    [InlineData("num_key_value_heads", "2", 2.0)]
    [InlineData("num_key_value_heads", "null", 4.0)]
    [InlineData("rope_theta", "5e5", 500000.0)]
    [InlineData("rope_parameters", """{"rope_type":"default","rope_theta":123.5}""", 123.5)]
    [InlineData("rope_scaling", """{"type":"default"}""", 10000.0)]
    [InlineData("rms_norm_eps", "0.25", 0.25)]
    [InlineData("max_position_embeddings", "77", 77.0)]
    [InlineData("bos_token_id", "[5, 6]", 5.0)]
    [InlineData("eos_token_id", "[7]", 7.0)]
    [InlineData("eos_token_id", "9", 9.0)]
    [InlineData("eos_token_id", "-1", null)]
    [InlineData("eos_token_id", "[]", null)]
    [InlineData("bos_token_id", "32", null)]
    [InlineData("eos_token_id", "[50256, 31]", 31.0)]
    [InlineData("tie_word_embeddings", "true", 1.0)]
    public void FieldsAreRead(string name, string value, double? expected)
    {
        ModelConfig config = Read(With(name, value));
        double? read = name switch
        {
            "head_dim" => config.HeadSize,
            "num_key_value_heads" => config.KvGroupCount,
            "rope_theta" or "rope_parameters" or "rope_scaling" => config.RopeTheta,
            "rms_norm_eps" => config.NormEpsilon,
            "max_position_embeddings" => config.ContextLength,
            "bos_token_id" => config.BosId,
            "eos_token_id" => config.EosId,
            _ => config.TiedEmbeddings ? 1 : 0,
        };
        Assert.Equal(expected, read);
    }

    [Theory]
    [InlineData("model_type", "\"bert\"", "model_type 'bert' is not supported; supported are llama, mistral, qwen2, qwen3, gpt2, gpt_neox, smollm3, phi3, stablelm, starcoder2, granite")]
    [InlineData("model_type", "null", "model_type (absent) is not supported")]
    [InlineData("model_type", "1", "model_type '1' is not a text")]
    [InlineData("architectures", """["LlamaForSequenceClassification"]""", "LlamaForSequenceClassification")]
    [InlineData("hidden_act", "\"mish\"", "hidden_act 'mish' is not supported; supported are silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu")]
    [InlineData("mlp_bias", "1", "mlp_bias '1' is not true or false")]
    [InlineData("quantization_config", "{}", "quantization_config is not supported")]
    [InlineData("rope_scaling", """{"type":"ntk","factor":2}""", "type 'ntk' is not supported; supported are default, linear, llama3, dynamic, yarn, longrope")]
    [InlineData("rope_scaling", """{"type":"linear","factor":0.5}""", "a rotary scaling factor of 0.5 is not possible, which must be 1 or more")]
    [InlineData("rope_scaling", """{"rope_type":"llama3"}""", "factor of the rotary scaling is missing")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4,"original_max_position_embeddings":16}""", "rotary frequency factors of 4 and 4")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":0}""", "an original context of 0 tokens")]
    [InlineData("rope_parameters", """{"rope_type":"yarn"}""", "factor of the rotary scaling is missing")]
    [InlineData("rope_parameters", """{"partial_rotary_factor":0.5}""", "partial_rotary_factor 0.5 is not supported")]
    [InlineData("rope_scaling", "[]", "rope_scaling is not an object")]
    [InlineData("rope_theta", "0", "a rotary base of 0 is not possible")]
    [InlineData("rope_theta", "1e999", "a rotary base of")]
    [InlineData("hidden_size", "null", "hidden_size is missing")]
    [InlineData("hidden_size", "16.5", "hidden_size '16.5' is not a whole number")]
    [InlineData("hidden_size", "99999999999", "is not a whole number")]
    [InlineData("hidden_size", "18", "hidden_size 18 cannot be split among num_attention_heads 4")]
    [InlineData("num_attention_heads", "0", "num_attention_heads 0")]
    [InlineData("num_key_value_heads", "3", "4 heads cannot share 3 key/value heads evenly")]
    [InlineData("num_key_value_heads", "0", "4 heads with 0 key/value heads are not possible")]
    [InlineData("num_hidden_layers", "-1", "-1 blocks are not possible")]
    [InlineData("vocab_size", "2147483647", "a vocabulary of 2147483647 ids is not possible")]
    [InlineData("head_dim", "5", "a head size of 5 cannot carry rotary positions")]
    [InlineData("bos_token_id", "\"1\"", "is not a token id")]
    [InlineData("hidden_act", "\"\\ud800\"", "not valid Unicode")]
    public void WhatIsNotSupportedIsNamed(string name, string value, string why)
    {
        string message = Assert.Throws<FlextronException>(() => Read(With(name, value))).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains(folder["config.json"], message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model_type":"gpt2","vocab_size":9,"n_embd":10,"n_layer":1,"n_head":4}""", "n_embd 10 cannot be split among n_head 4; correct one of them")]
    [InlineData("""{"model_type":"gpt2","vocab_size":9,"n_embd":8,"n_layer":1,"n_head":4,"scale_attn_by_inverse_layer_idx":true}""", "scale_attn_by_inverse_layer_idx true is not supported")]
    [InlineData("""{"model_type":"gpt2","vocab_size":9,"n_embd":8,"n_layer":1,"n_head":4,"scale_attn_weights":false}""", "scale_attn_weights false is not supported")]
    [InlineData("""{"model_type":"gpt_neox","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4,"rotary_pct":1.5}""", "rotary_pct 1.5 is not a share of a head")]
    [InlineData("""{"model_type":"gpt_neox","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4}""", "rotary positions on 1 of a head's 4 elements are not possible")]
    [InlineData("""{"model_type":"mistral","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":2,"intermediate_size":4,"sliding_window":0}""", "a sliding window of 0 tokens is not possible")]
    [InlineData("""{"model_type":"qwen2","vocab_size":9,"hidden_size":8,"num_hidden_layers":3,"num_attention_heads":2,"intermediate_size":4,"use_sliding_window":true,"layer_types":["full_attention"]}""", "layer_types '[\"full_attention\"]' is not supported, which must be sliding_attention or full_attention for each of the 3 blocks")]
    [InlineData("""{"model_type":"qwen3","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4,"use_sliding_window":true,"layer_types":["linear_attention"]}""", "layer_types '[\"linear_attention\"]' is not supported")]
    [InlineData("""{"model_type":"mistral","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":2,"intermediate_size":4,"layer_types":["sliding_attention"]}""", "layer_types '[\"sliding_attention\"]' is not computed in models of type mistral")]
    [InlineData("""{"model_type":"smollm3","vocab_size":9,"hidden_size":8,"num_hidden_layers":3,"num_attention_heads":4,"intermediate_size":4,"no_rope_layers":[1,0]}""", "no_rope_layers '[1,0]' is not 0 or 1 for each of the 3 blocks")]
    [InlineData("""{"model_type":"smollm3","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":4,"no_rope_layers":[2]}""", "no_rope_layers '[2]' is not 0 or 1 for each of the 1 blocks")]
    [InlineData("""{"model_type":"smollm3","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":4,"no_rope_layer_interval":0}""", "no_rope_layer_interval 0 is not possible")]
    [InlineData("""{"model_type":"granite","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4,"residual_multiplier":0}""", "a factor of 0 for updates of the residual stream is not possible")]
    [InlineData("""{"model_type":"granite","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4,"residual_multiplier":0.5,"mlp_bias":true}""", "is not computed together with biases of the projections that write it")]
    [InlineData("""{"model_type":"stablelm","vocab_size":9,"hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":2,"intermediate_size":4,"use_parallel_residual":true}""", "use_parallel_residual 'true' is not computed in models of type stablelm")]
    [InlineData("""{"model_type":"phi3","vocab_size":9,"hidden_size":32,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":4,"partial_rotary_factor":1.5}""", "rotary positions on 12 of a head's 8 elements are not possible")]
    public void FamiliesNameWhatTheyDoNotCompute(string text, string why) =>
        Assert.Contains(why, Assert.Throws<FlextronException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("mistral", "", 4096)]
    [InlineData("mistral", ",\"sliding_window\":null", null)]
    [InlineData("qwen2", ",\"sliding_window\":7", null)]
    [InlineData("qwen2", ",\"use_sliding_window\":true,\"max_window_layers\":0", 4096)]
    [InlineData("qwen2", ",\"use_sliding_window\":true,\"max_window_layers\":0,\"sliding_window\":null", null)]
    [InlineData("qwen2", ",\"use_sliding_window\":true,\"sliding_window\":7", null)]
    [InlineData("qwen2", ",\"sliding_window\":7,\"use_sliding_window\":true,\"max_window_layers\":0", 7)]
    [InlineData("qwen3", ",\"sliding_window\":7,\"use_sliding_window\":true,\"max_window_layers\":9,\"layer_types\":[\"sliding_attention\",\"sliding_attention\"]", 7)]
    public void WindowsAreThoseOfTheFamily(string family, string fields, int? window) => Assert.Equal(
        window,
        Read($$"""{"model_type":"{{family}}","vocab_size":9,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":2,"intermediate_size":4{{fields}}}""").Architecture.SlidingWindow);

    /// <summary>The window of every block, 0 for none.</summary>
    [Theory]
    [InlineData("qwen2", ",\"use_sliding_window\":true,\"sliding_window\":7,\"max_window_layers\":3", "0 0 0 7 7")]
    [InlineData("qwen3", ",\"use_sliding_window\":true,\"max_window_layers\":4", "0 0 0 0 4096")]
    [InlineData("qwen2", ",\"use_sliding_window\":true,\"sliding_window\":7,\"max_window_layers\":0", "7 7 7 7 7")]
    [InlineData("qwen2", ",\"sliding_window\":7,\"max_window_layers\":3", "0 0 0 0 0")]
    [InlineData("qwen2", ",\"sliding_window\":7,\"layer_types\":[\"sliding_attention\"]", "0 0 0 0 0")]
    [InlineData("qwen3", ",\"use_sliding_window\":true,\"sliding_window\":7,\"max_window_layers\":4,\"layer_types\":[\"sliding_attention\",\"full_attention\",\"sliding_attention\",\"full_attention\",\"full_attention\"]", "7 0 7 0 0")]
    [InlineData("qwen2", ",\"use_sliding_window\":true,\"layer_types\":[\"full_attention\",\"full_attention\",\"full_attention\",\"full_attention\",\"full_attention\"]", "0 0 0 0 0")]
    [InlineData("smollm3", ",\"use_sliding_window\":true,\"sliding_window\":7", "0 0 0 7 0")]
    [InlineData("smollm3", ",\"use_sliding_window\":true,\"sliding_window\":7,\"no_rope_layers\":[0,1,1,1,0]", "7 0 0 0 7")]
    [InlineData("smollm3", ",\"sliding_window\":7", "0 0 0 0 0")]
    public void WindowsOfSingleBlocksAreReadAndWrittenBack(string family, string fields, string windows)
    {
        ModelConfig config = Read($$"""{"model_type":"{{family}}","vocab_size":9,"hidden_size":8,"num_hidden_layers":5,"num_attention_heads":2,"num_key_value_heads":2,"max_position_embeddings":5000,"intermediate_size":4{{fields}}}""");
        Assert.Equal(windows, string.Join(' ', Enumerable.Range(0, 5).Select(b => config.VisibleTokens(b) is var seen && seen < 5000 ? seen : 0)));
        using DecoderWeights weights = DecoderWeights.Allocate(config);
        HuggingFaceCheckpoint.Save(weights, folder["saved"]);
        Assert.Equal(config, HuggingFaceCheckpoint.ReadConfig(folder["saved"]));
        FlextronCheckpoint.Save(weights, folder["own"]);
        Assert.Equal(config, FlextronCheckpoint.ReadConfig(folder["own"]));
    }

    [Theory]
    [InlineData("", "3")]
    [InlineData(",\"no_rope_layer_interval\":2", "1, 3")]
    [InlineData(",\"no_rope_layers\":[0,0,1,1,0,1]", "0-1, 4")]
    [InlineData(",\"no_rope_layers\":[1,1,1,1,1]", null)]
    public void BlocksWithoutPositionsAreReadAndWrittenBack(string fields, string? blocks)
    {
        ModelConfig config = Read($$"""{"model_type":"smollm3","vocab_size":9,"hidden_size":8,"num_hidden_layers":5,"num_attention_heads":4,"intermediate_size":4{{fields}}}""");
        Assert.Equal(blocks, config.UnrotatedBlocks?.ToString());
        Assert.Equal((true, 2e6, 32768, 4), (config.TiedEmbeddings, config.RopeTheta, config.ContextLength, config.KvGroupCount));
        using DecoderWeights weights = DecoderWeights.Allocate(config);
        HuggingFaceCheckpoint.Save(weights, folder["saved"]);
        Assert.Equal(config, HuggingFaceCheckpoint.ReadConfig(folder["saved"]));
    }

    /// <summary>Phi-3's readers know three fields of LongRoPE by the oldest name, and the original context beside them.</summary>
    [Theory]
    [InlineData("""{"type":"su","short_factor":[1,2],"long_factor":[2,4]}""", "long_factor short_factor type")]
    [InlineData("""{"type":"yarn","short_factor":[1,2],"long_factor":[2,4]}""", "long_factor short_factor type")]
    [InlineData("""{"rope_type":"longrope","short_factor":[1,2],"long_factor":[2,4],"attention_factor":1.5}""", "attention_factor factor long_factor original_max_position_embeddings rope_type short_factor")]
    public void LongRopeOfPhi3IsWrittenAsItsReadersExpectIt(string scaling, string written)
    {
        ModelConfig config = Read(
            $$"""{"model_type":"phi3","vocab_size":9,"hidden_size":32,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":4,"partial_rotary_factor":0.5,"max_position_embeddings":131072,"rope_scaling":{{scaling}}}""");
        Assert.Equal((RopeScalingKind.LongRope, 4096, 4, false), (config.Architecture.RopeScaling!.Kind, config.ContextLength, config.RotarySize, config.Architecture.FreeHeadSize));
        using DecoderWeights weights = DecoderWeights.Allocate(config);
        HuggingFaceCheckpoint.Save(weights, folder["saved"]);
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder["saved"], "config.json")))!;
        Assert.Equal(written, string.Join(' ', json["rope_scaling"]!.AsObject().Select(f => f.Key).Order(StringComparer.Ordinal)));
        Assert.Equal((131072, 4096), ((int)json["max_position_embeddings"]!, (int)json["original_max_position_embeddings"]!));
        Assert.Equal(config, HuggingFaceCheckpoint.ReadConfig(folder["saved"]));
    }

    /// <summary>Where the contexts say nothing of a factor, it is written: what queries and keys are multiplied by follows from it.</summary>
    [Fact]
    public void AFactorThatTheContextsDoNotSayIsWritten()
    {
        ModelConfig config = Read(
            """{"model_type":"phi3","vocab_size":9,"hidden_size":32,"num_hidden_layers":1,"num_attention_heads":4,"intermediate_size":4,"partial_rotary_factor":0.5,"max_position_embeddings":4096,"rope_scaling":{"type":"longrope","factor":4,"short_factor":[1,2],"long_factor":[2,4]}}""");
        Assert.Equal(Math.Sqrt(1 + (2.0 / 12)), config.Architecture.RopeScaling!.AttentionFactor!.Value, 1e-14);
        using DecoderWeights weights = DecoderWeights.Allocate(config);
        HuggingFaceCheckpoint.Save(weights, folder["saved"]);
        Assert.Equal(config, HuggingFaceCheckpoint.ReadConfig(folder["saved"]));
    }

    [Theory]
    [InlineData("llama", "", 64)]
    [InlineData("llama", ",\"num_key_value_heads\":null", 64)]
    [InlineData("mistral", "", 8)]
    [InlineData("mistral", ",\"num_key_value_heads\":null", 64)]
    [InlineData("qwen2", "", 32)]
    [InlineData("qwen3", "", 32)]
    [InlineData("qwen3", ",\"num_key_value_heads\":16", 16)]
    public void KeyValueHeadsAreThoseOfTheFamily(string family, string fields, int groups) => Assert.Equal(
        groups,
        Read($$"""{"model_type":"{{family}}","vocab_size":9,"hidden_size":128,"num_hidden_layers":2,"num_attention_heads":64,"intermediate_size":4{{fields}}}""").KvGroupCount);

    /// <summary>Since transformers 5 everything about rotations stands in one object.</summary>
    [Theory]
    [InlineData(
        """{"model_type":"llama","vocab_size":9,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4,""",
        """ "rope_theta":5e5,"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":16}}""",
        """ "rope_parameters":{"rope_theta":5e5,"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":16},"dtype":"bfloat16"}""")]
    [InlineData(
        """{"model_type":"gpt_neox","vocab_size":9,"hidden_size":64,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4,""",
        """ "rotary_emb_base":777,"rotary_pct":0.5,"torch_dtype":"float16"}""",
        """ "rope_parameters":{"rope_theta":777,"rope_type":"default","partial_rotary_factor":0.5}}""")]
    public void OldAndNewConfigurationsSayTheSame(string begin, string old, string renewed)
    {
        ModelConfig config = Read(begin + old);
        Assert.Equal(config, Read(begin + renewed));
        Assert.NotEqual(config, Read(begin.TrimEnd(',') + "}"));
    }

    [Fact]
    public void EveryEndOfTextIsKept()
    {
        ModelConfig config = Read(With("eos_token_id", "[7, 3, 50256, 7, 12]"));
        Assert.Equal((7, "3, 12"), (config.EosId, config.OtherEosIds?.ToString()));
        Assert.Equal([3, 7, 12], Enumerable.Range(0, 32).Where(config.IsEnd));
        using DecoderWeights weights = DecoderWeights.Allocate(config);
        HuggingFaceCheckpoint.Save(weights, folder["saved"]);
        Assert.Equal("[7,3,12]", JsonNode.Parse(File.ReadAllText(Path.Combine(folder["saved"], "config.json")))!["eos_token_id"]!.ToJsonString());
        Assert.Equal(config, HuggingFaceCheckpoint.ReadConfig(folder["saved"]));
    }

    [Theory]
    [InlineData("9", """{"eos_token_id":[3, 9, 5]}""", 9, "3, 5")]
    [InlineData("null", """{"eos_token_id":[3, 5]}""", 3, "5")]
    [InlineData("9", """{"eos_token_id":null,"bos_token_id":4}""", 9, null)]
    [InlineData("9", """{"temperature":0.6}""", 9, null)]
    public void GenerationSettingsNameFurtherEnds(string ends, string generation, int first, string? others)
    {
        File.WriteAllText(folder["generation_config.json"], generation);
        ModelConfig config = Read(With("eos_token_id", ends));
        Assert.Equal((first, others, null), (config.EosId, config.OtherEosIds?.ToString(), config.BosId));
    }

    [Theory]
    [InlineData("""{"eos_token_id":["</s>"]}""", "eos_token_id '\"</s>\"' is not a token id")]
    [InlineData("[1]", "is not a JSON object")]
    public void DamagedGenerationSettingsAreNamed(string generation, string why)
    {
        File.WriteAllText(folder["generation_config.json"], generation);
        string message = Assert.Throws<FlextronException>(() => Read(With("eos_token_id", "9"))).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains(folder["generation_config.json"], message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"model_type\":")]
    public void OtherTextIsRefused(string text) =>
        Assert.Contains(folder["config.json"], Assert.Throws<FlextronException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void WritesWhatTransformersNeeds()
    {
        ModelConfig config = RandomLlama.TinyConfig() with { NormEpsilon = 1e-6, RopeTheta = 500000, EosId = null };
        using DecoderWeights weights = DecoderWeights.Allocate(config);
        HuggingFaceCheckpoint.Save(weights, folder.Path, TorchSharp.torch.ScalarType.BFloat16);
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder["config.json"]))!;
        Assert.Equal("LlamaForCausalLM", (string?)json["architectures"]![0]);
        Assert.Equal(("llama", "silu", "bfloat16"), ((string?)json["model_type"], (string?)json["hidden_act"], (string?)json["torch_dtype"]));
        Assert.Equal((23, 16, 2, 4), ((int)json["vocab_size"]!, (int)json["hidden_size"]!, (int)json["num_hidden_layers"]!, (int)json["num_attention_heads"]!));
        Assert.Equal((2, 6, 20, 32), ((int)json["num_key_value_heads"]!, (int)json["head_dim"]!, (int)json["intermediate_size"]!, (int)json["max_position_embeddings"]!));
        Assert.Equal((1e-6, 500000.0, false), ((double)json["rms_norm_eps"]!, (double)json["rope_theta"]!, (bool)json["tie_word_embeddings"]!));
        Assert.Equal((1, null), ((int?)json["bos_token_id"], (int?)json["eos_token_id"]));
        Assert.Equal(config, HuggingFaceCheckpoint.ReadConfig(folder.Path));
    }

    private static string With(string name, string value)
    {
        var json = JsonNode.Parse("""{"model_type":"llama","vocab_size":32,"hidden_size":16,"num_hidden_layers":3,"num_attention_heads":4,"intermediate_size":40}""")!.AsObject();
        string rest = json.ToJsonString();
        return json.ContainsKey(name)
            ? rest.Replace($"\"{name}\":{json[name]!.ToJsonString()}", $"\"{name}\":{value}", StringComparison.Ordinal)
            : $"{rest[..^1]},\"{name}\":{value}}}";
    }

    private ModelConfig Read(string text)
    {
        File.WriteAllText(folder["config.json"], text);
        return HuggingFaceCheckpoint.ReadConfig(folder.Path);
    }
}
