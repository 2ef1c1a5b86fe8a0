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
    [InlineData("model_type", "\"mistral\"", "model_type 'mistral' is not supported; use a model of type llama")]
    [InlineData("model_type", "null", "model_type (absent) is not supported")]
    [InlineData("model_type", "1", "model_type '1' is not a text")]
    [InlineData("architectures", """["LlamaForSequenceClassification"]""", "LlamaForSequenceClassification")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act 'gelu' is not supported; use a model with silu")]
    [InlineData("attention_bias", "true", "attention_bias true is not supported")]
    [InlineData("mlp_bias", "true", "mlp_bias true is not supported")]
    [InlineData("mlp_bias", "1", "mlp_bias '1' is not true or false")]
    [InlineData("quantization_config", "{}", "quantization_config is not supported")]
    [InlineData("rope_scaling", """{"type":"linear","factor":2}""", "rope_scaling of kind 'linear' is not supported")]
    [InlineData("rope_scaling", """{"rope_type":"llama3"}""", "rope_scaling of kind 'llama3' is not supported")]
    [InlineData("rope_parameters", """{"rope_type":"yarn"}""", "rope_parameters of kind 'yarn' is not supported")]
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
    [InlineData("bos_token_id", "32", "bos_token_id 32 is outside the vocabulary of 32")]
    [InlineData("bos_token_id", "\"1\"", "is not a token id")]
    [InlineData("hidden_act", "\"\\ud800\"", "not valid Unicode")]
    public void WhatIsNotSupportedIsNamed(string name, string value, string why)
    {
        string message = Assert.Throws<FlextronException>(() => Read(With(name, value))).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains(folder["config.json"], message, StringComparison.Ordinal);
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
        HuggingFaceLlama.Save(weights, folder.Path, TorchSharp.torch.ScalarType.BFloat16);
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder["config.json"]))!;
        Assert.Equal("LlamaForCausalLM", (string?)json["architectures"]![0]);
        Assert.Equal(("llama", "silu", "bfloat16"), ((string?)json["model_type"], (string?)json["hidden_act"], (string?)json["torch_dtype"]));
        Assert.Equal((23, 16, 2, 4), ((int)json["vocab_size"]!, (int)json["hidden_size"]!, (int)json["num_hidden_layers"]!, (int)json["num_attention_heads"]!));
        Assert.Equal((2, 6, 20, 32), ((int)json["num_key_value_heads"]!, (int)json["head_dim"]!, (int)json["intermediate_size"]!, (int)json["max_position_embeddings"]!));
        Assert.Equal((1e-6, 500000.0, false), ((double)json["rms_norm_eps"]!, (double)json["rope_theta"]!, (bool)json["tie_word_embeddings"]!));
        Assert.Equal((1, null), ((int?)json["bos_token_id"], (int?)json["eos_token_id"]));
        Assert.Equal(config, HuggingFaceLlama.ReadConfig(folder.Path));
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
        return HuggingFaceLlama.ReadConfig(folder.Path);
    }
}
