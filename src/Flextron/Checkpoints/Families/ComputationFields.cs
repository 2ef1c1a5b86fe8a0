using System.Text.Json;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>
/// Fields of configurations that change what a model computes without adding a tensor, each with the values that change nothing. A family reads those that it
/// computes; any other value of the rest is refused, because the model would be read without a word as another one. (Whatever adds tensors or leaves some out, as
/// biases and experts do, shows when the weights are compared with the configuration.)
/// </summary>
internal static class ComputationFields
{
    private static readonly (Func<JsonElement, ModelConfig, bool> ChangesNothing, string[] Names)[] Known =
    [
        ((v, _) => IsFalse(v),
        [
            "use_sliding_window", "qk_norm", "use_qk_norm", "qk_layernorm", "use_mup", "alibi", "parallel_attn",
            "use_parallel_residual", "rope_interleaved", "rope_interleave",
            "rotary_interleaved", "scale_attn_by_inverse_layer_idx", "add_cross_attention", "is_encoder_decoder",
            "use_bidirectional_attention", "attn_temperature_tuning", "scale_embedding",
            "attn_output_gate", "use_attention_sinks", "apply_residual_connection_post_layernorm", "_remove_final_layer_norm",
            "sandwich_norm", "use_post_norm",
        ]),
        ((v, _) => v.ValueKind == JsonValueKind.True, ["is_causal", "scale_attn_weights", "do_layer_norm_before", "use_rope"]),
        ((v, _) => IsNumber(v, 0),
        [
            "attn_logit_softcapping", "final_logit_softcapping", "attention_logit_softcapping", "logit_softcapping",
            "logits_soft_cap", "attention_chunk_size", "clip_qkv", "no_rope_layer_interval",
            "num_local_experts", "num_experts", "n_routed_experts",
        ]),
        ((v, _) => IsNumber(v, 1),
        [
            "partial_rotary_factor", "rotary_pct", "rope_pct", "rope_scaling_factor", "residual_multiplier",
            "embedding_multiplier", "logits_scaling", "logit_scale", "scale_emb", "embedding_scale",
            "embeddings_scale", "mup_scale", "residual_scale", "lm_head_multiplier", "output_multiplier_scale", "embedding_multiplier_scale",
        ]),
        ((v, c) => IsNumber(v, c.HeadSize), ["query_pre_attn_scalar", "rotary_dim"]),
        ((v, c) => IsNear(v, 1 / Math.Sqrt(c.HeadSize)), ["attention_multiplier", "attention_scale", "attn_scale"]),
        ((v, c) => IsNear(v, Math.Sqrt(c.BlockCount)), ["scale_depth"]),
        ((v, c) => IsNumber(v, c.HiddenSize), ["dim_model_base", "word_embed_proj_dim"]),
        ((v, _) => Each(v, e => e.ValueKind == JsonValueKind.String && e.GetString() == "full_attention"), ["layer_types"]),
        ((v, _) => Each(v, e => IsNumber(e, 1)), ["no_rope_layers"]),
        ((v, _) => v.ValueKind == JsonValueKind.String && v.GetString() is "absolute" or "rope" or "rotary", ["position_embedding_type", "positional_embedding_type"]),
        ((_, _) => false, ["rope_scaling", "rope_parameters", "rope_local_base_freq", "local_rope_theta", "quantization_config", "compression_config"]),
    ];

    // These say something only where a window is on; a window as long as the context hides nothing.
    private static readonly string[] Windows = ["sliding_window", "sliding_window_size", "attention_window_size"];

    /// <summary>Refuses what a family has not read and does not compute.</summary>
    /// <param name="family">The family's name, for the message.</param>
    /// <param name="fields">The configuration, read by the family.</param>
    /// <param name="config">What it made of it.</param>
    /// <exception cref="FlextronException">A field would change what the model computes; the message names it.</exception>
    public static void Require(string family, ConfigFields fields, ModelConfig config)
    {
        bool off = fields.WasRead("use_sliding_window") || (fields.Peek("use_sliding_window") is { } use && IsFalse(use));
        foreach ((Func<JsonElement, ModelConfig, bool> changesNothing, string[] names) in Known)
            foreach (string name in names.Where(n => !fields.WasRead(n)))
                if (fields.Peek(name) is { } value && !changesNothing(value, config)) Refuse(name, value);
        foreach (string name in Windows.Where(n => !off && !fields.WasRead(n)))
            if (fields.Peek(name) is { } value && !HidesNothing(value, config.ContextLength)) Refuse(name, value);

        void Refuse(string name, JsonElement value) => throw new FlextronException(
            $"{fields.Path}: {name} {ConfigFields.Shown(value.GetRawText())} is not computed in models of type {family}; "
            + "use a model without it, or remove it if the model was trained without it.");
    }

    private static bool IsFalse(JsonElement value) => value.ValueKind == JsonValueKind.False;

    private static bool IsNumber(JsonElement value, double number) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double found) && found == number;

    private static bool IsNear(JsonElement value, double number) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double found) && Math.Abs(found / number - 1) < 1e-6;

    private static bool HidesNothing(JsonElement window, int contextLength) =>
        window.ValueKind == JsonValueKind.Number && window.TryGetInt64(out long tokens) && (tokens <= 0 || tokens >= contextLength);

    private static bool Each(JsonElement value, Func<JsonElement, bool> holds) => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(holds);
}
