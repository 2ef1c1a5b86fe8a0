using Flextron.Checkpoints;
using Flextron.Models;

namespace Flextron.Tests.Checkpoints;

/// <summary>A field that changes what a model computes is computed or refused, never passed over.</summary>
public sealed class ComputationFieldTests : IDisposable
{
    private const string Llama = """{"model_type":"llama","vocab_size":32,"hidden_size":64,"num_hidden_layers":4,"num_attention_heads":4,"intermediate_size":40,"max_position_embeddings":128""";
    private const string Gpt2 = """{"model_type":"gpt2","vocab_size":32,"n_embd":64,"n_layer":4,"n_head":4,"n_positions":128""";
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("attn_logit_softcapping", "50.0")]
    [InlineData("final_logit_softcapping", "30.0")]
    [InlineData("query_pre_attn_scalar", "256")]
    [InlineData("residual_multiplier", "0.22")]
    [InlineData("embedding_multiplier", "12")]
    [InlineData("logits_scaling", "8.0")]
    [InlineData("attention_multiplier", "0.015625")]
    [InlineData("logit_scale", "0.0625")]
    [InlineData("scale_emb", "12")]
    [InlineData("scale_depth", "1.4")]
    [InlineData("dim_model_base", "256")]
    [InlineData("clip_qkv", "8")]
    [InlineData("qk_norm", "true")]
    [InlineData("use_qk_norm", "true")]
    [InlineData("qk_layernorm", "true")]
    [InlineData("alibi", "true")]
    [InlineData("parallel_attn", "true")]
    [InlineData("use_parallel_residual", "true")]
    [InlineData("is_causal", "false")]
    [InlineData("use_bidirectional_attention", "true")]
    [InlineData("attention_chunk_size", "64")]
    [InlineData("rope_interleaved", "true")]
    [InlineData("no_rope_layers", "[1,1,1,0]")]
    [InlineData("no_rope_layer_interval", "4")]
    [InlineData("layer_types", """["sliding_attention","full_attention","full_attention","full_attention"]""")]
    [InlineData("sliding_window", "100")]
    [InlineData("use_sliding_window", "true")]
    [InlineData("rope_local_base_freq", "10000.0")]
    [InlineData("position_embedding_type", "\"alibi\"")]
    [InlineData("num_local_experts", "8")]
    [InlineData("compression_config", "{}")]
    [InlineData("residual_multiplier", "\"0.22\"")]
    public void OfWhichNothingIsComputedAreRefused(string name, string value)
    {
        string message = Assert.Throws<FlextronException>(() => Read($"{Llama},\"{name}\":{value}}}")).Message;
        Assert.Contains(folder["config.json"], message, StringComparison.Ordinal);
        Assert.Contains($"{name} '{value[..Math.Min(60, value.Length)]}", message, StringComparison.Ordinal);
        Assert.Contains("is not computed in models of type llama; use a model without it", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("partial_rotary_factor", "0.5", "partial_rotary_factor 0.5 is not supported in this family")]
    [InlineData("head_dim", "0", "a head size of 0 is not possible")]
    public void OfWhichSomethingIsComputedAreRefusedByName(string name, string value, string why) =>
        Assert.Contains(why, Assert.Throws<FlextronException>(() => Read($"{Llama},\"{name}\":{value}}}")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":2}""")]
    [InlineData("rope_parameters", """{"rope_theta":10000}""")]
    [InlineData("partial_rotary_factor", "0.25")]
    [InlineData("sliding_window", "64")]
    public void LearnedPositionsHaveNoRotaryFields(string name, string value) =>
        Assert.Contains($"{name} ", Assert.Throws<FlextronException>(() => Read($"{Gpt2},\"{name}\":{value}}}")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("attn_logit_softcapping", "null")]
    [InlineData("final_logit_softcapping", "0")]
    [InlineData("query_pre_attn_scalar", "16")]
    [InlineData("residual_multiplier", "1.0")]
    [InlineData("embedding_multiplier", "1")]
    [InlineData("logits_scaling", "1")]
    [InlineData("attention_multiplier", "0.25")]
    [InlineData("scale_depth", "2")]
    [InlineData("dim_model_base", "64")]
    [InlineData("qk_norm", "false")]
    [InlineData("is_causal", "true")]
    [InlineData("no_rope_layers", "[1,1,1,1]")]
    [InlineData("layer_types", """["full_attention","full_attention","full_attention","full_attention"]""")]
    [InlineData("sliding_window", "128")]
    [InlineData("sliding_window\":100,\"use_sliding_window", "false")]
    [InlineData("partial_rotary_factor", "1.0")]
    [InlineData("pretraining_tp", "2")]
    [InlineData("attention_dropout", "0.1")]
    [InlineData("something_new", "{}")]
    public void ValuesThatChangeNothingAreRead(string name, string value) => Assert.Equal(Read(Llama + "}"), Read($"{Llama},\"{name}\":{value}}}"));

    private ModelConfig Read(string text)
    {
        File.WriteAllText(folder["config.json"], text);
        return HuggingFaceCheckpoint.ReadConfig(folder.Path);
    }
}
