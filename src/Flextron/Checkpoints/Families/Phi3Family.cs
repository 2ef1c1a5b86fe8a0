using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>
/// Phi-3, Phi-3.5 and Phi-4-mini: Llama with query, key and value in one tensor, gates and up projection in another, LongRoPE, perhaps on a part of every head, and a
/// window.
/// </summary>
internal sealed class Phi3Family : LlamaFamily
{
    private const string OriginalContext = "original_max_position_embeddings";

    private const int AbsentOriginalContext = 4096;

    public override string Name => "phi3";

    public override string ClassName => "Phi3ForCausalLM";

    public override IEnumerable<StoredTensor> Tensors(ModelConfig config)
    {
        long c = config.HiddenSize, d = config.NeuronCount, h = config.HeadSize;
        for (int i = 0; i < config.BlockCount; i++)
        {
            int block = i;
            string at = $"model.layers.{i}.";
            yield return new StoredTensor(at + "input_layernorm.weight", [c], w => w.Blocks[block].AttentionNorm_C);
            yield return new StoredTensor(at + "self_attn.qkv_proj.weight", [(config.HeadCount + 2L * config.KvGroupCount) * h, c], w => w.QueryKeyValue(block));
            yield return new StoredTensor(at + "self_attn.o_proj.weight", [c, config.HeadCount * h], w => w.Blocks[block].Output_QC.t());
            yield return new StoredTensor(at + "post_attention_layernorm.weight", [c], w => w.Blocks[block].MlpNorm_C);
            yield return new StoredTensor(at + "mlp.gate_up_proj.weight", [2 * d, c], w => w.GateUp(block));
            yield return new StoredTensor(at + "mlp.down_proj.weight", [c, d], w => w.Blocks[block].Down_DC.t());
        }
        yield return new StoredTensor("model.norm.weight", [c], w => w.FinalNorm_C);
    }

    protected override int AbsentContextLength => 4096;

    protected override double AbsentNormEpsilon => 1e-5;

    protected override bool RotatesParts => true;

    // In these configurations the oldest names of LongRoPE still stand.
    protected override RotaryFields Rotary(ConfigFields fields, int contextLength) =>
        RotaryFields.Read(fields, contextLength, absentOriginalContext: AbsentOriginalContext, longRopeOnly: true);

    // Readers compare the number of LongRoPE's factors with hidden size by heads.
    protected override bool HasFreeHeadSize(RotaryFields rotary) => rotary.Scaling is null;

    protected override DecoderArchitecture Architecture(ConfigFields fields) => new();

    protected override (int? Size, BlockPattern? Unwindowed) Window(ConfigFields fields, BlockPattern? unrotated) => (fields.OptionalInteger("sliding_window"), null);

    protected override void Write(ModelConfig config, JsonObject json)
    {
        json["attention_bias"] = false;
        json["partial_rotary_factor"] = RotaryFields.ShareOf(config);
        json["sliding_window"] = config.Architecture.SlidingWindow;
        json[OriginalContext] = config.Architecture.RopeScaling?.OriginalContextLength ?? AbsentOriginalContext;
        if (json["rope_scaling"] is not JsonObject scaling) return;
        // Older readers refuse anything but these three; the rest follows from the contexts.
        bool derived = config.Architecture.RopeScaling is { Kind: RopeScalingKind.LongRope } s && s.Factor == Math.Max(1, (double)RotaryFields.NamedContext(config) / s.OriginalContextLength)
            && s.AttentionFactor == RotaryFields.LongRopeAttention(s.Factor, s.OriginalContextLength);
        if (!derived) return;
        string[] kept = ["short_factor", "long_factor"];
        foreach (string name in scaling.Select(f => f.Key).Where(n => !kept.Contains(n)).ToArray()) scaling.Remove(name);
        scaling["type"] = "longrope";
    }
}
