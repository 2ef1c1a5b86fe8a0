using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>Qwen3: Llama with a norm on every query and key head, of 128 elements where the configuration does not say.</summary>
internal sealed class Qwen3Family : Qwen2Family
{
    public override string Name => "qwen3";

    public override string ClassName => "Qwen3ForCausalLM";

    protected override int? AbsentHeadSize => 128;

    protected override DecoderArchitecture Architecture(ConfigFields fields)
    {
        bool biased = fields.Flag("attention_bias");
        return new DecoderArchitecture { QueryKeyNorm = true, QueryKeyValueBias = biased, OutputBias = biased };
    }

    protected override void Write(ModelConfig config, JsonObject json)
    {
        json["attention_bias"] = config.Architecture.QueryKeyValueBias;
        base.Write(config, json);
    }
}
