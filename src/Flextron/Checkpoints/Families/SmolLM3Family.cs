using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>SmolLM3: Llama in which every fourth block knows nothing of positions, and only those blocks may have a window.</summary>
internal sealed class SmolLM3Family : LlamaFamily
{
    public override string Name => "smollm3";

    public override string ClassName => "SmolLM3ForCausalLM";

    protected override int AbsentContextLength => 32768;

    protected override int? AbsentKvGroupCount => 4;

    protected override bool AbsentTying => true;

    protected override RotaryFields Rotary(ConfigFields fields, int contextLength) => RotaryFields.Read(fields, contextLength, absentTheta: 2e6);

    protected override BlockPattern? Unrotated(ConfigFields fields)
    {
        int blocks = Math.Max(0, fields.Integer("num_hidden_layers")), interval = fields.OptionalInteger("no_rope_layer_interval") ?? 4;
        if (fields.Find("no_rope_layers") is not { } listed)
            return interval > 0 ? BlockPattern.OfAny(Enumerable.Range(0, blocks).Select(b => (b + 1) % interval == 0))
                : throw new FlextronException($"{fields.Path}: no_rope_layer_interval {interval} is not possible, which must be 1 or more.");
        if (listed.ValueKind != JsonValueKind.Array || listed.GetArrayLength() < blocks || !listed.EnumerateArray().All(r => r.ValueKind == JsonValueKind.Number && r.TryGetInt32(out int flag) && flag is 0 or 1))
            throw new FlextronException($"{fields.Path}: no_rope_layers {ConfigFields.Shown(listed.GetRawText())} is not 0 or 1 for each of the {blocks} blocks; correct it.");
        return BlockPattern.OfAny(listed.EnumerateArray().Take(blocks).Select(r => r.GetInt32() == 0));
    }

    protected override (int? Size, BlockPattern? Unwindowed) Window(ConfigFields fields, BlockPattern? unrotated) =>
        WindowFields.Read(fields, absentSize: null, block => unrotated?[block] == true);

    protected override void Write(ModelConfig config, JsonObject json)
    {
        base.Write(config, json);
        WindowFields.Write(config, json);
        json["no_rope_layers"] = new JsonArray([.. Enumerable.Range(0, config.BlockCount).Select(b => (JsonNode)(config.UnrotatedBlocks?[b] == true ? 0 : 1))]);
    }
}
