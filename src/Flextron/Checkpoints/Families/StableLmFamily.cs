using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>StableLM 3B and StableLM 2 1.6B: Llama with layer norms, rotations on a part of every head, and perhaps biases on query, key and value.</summary>
internal sealed class StableLmFamily : LlamaFamily
{
    public override string Name => "stablelm";

    public override string ClassName => "StableLmForCausalLM";

    protected override int AbsentContextLength => 4096;

    protected override int? AbsentKvGroupCount => 32;

    protected override string NormEpsilonName => "layer_norm_eps";

    protected override double AbsentNormEpsilon => 1e-5;

    protected override bool RotatesParts => true;

    protected override RotaryFields Rotary(ConfigFields fields, int contextLength) => RotaryFields.Read(fields, contextLength, share: 0.25);

    // Readers take the head size from hidden size and heads.
    protected override bool HasFreeHeadSize(RotaryFields rotary) => false;

    protected override DecoderArchitecture Architecture(ConfigFields fields) => new() { Norm = NormKind.Layer, QueryKeyValueBias = fields.Flag("use_qkv_bias") };

    protected override void Write(ModelConfig config, JsonObject json)
    {
        json["partial_rotary_factor"] = RotaryFields.ShareOf(config);
        json["qk_layernorm"] = false;
        json["use_parallel_residual"] = false;
        json["use_qkv_bias"] = config.Architecture.QueryKeyValueBias;
    }
}
