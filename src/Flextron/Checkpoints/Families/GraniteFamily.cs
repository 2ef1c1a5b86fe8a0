using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>Granite 3 without experts (Granite 4 is of another type, even without experts and state spaces): Llama with factors for embeddings, attention, updates of the residual stream, and logits.</summary>
internal sealed class GraniteFamily : LlamaFamily
{
    public override string Name => "granite";

    public override string ClassName => "GraniteForCausalLM";

    protected override DecoderArchitecture Architecture(ConfigFields fields) => base.Architecture(fields) with
    {
        EmbeddingFactor = Factor(fields, "embedding_multiplier"),
        ResidualFactor = Factor(fields, "residual_multiplier"),
        // Here the scale is itself 1 where none is named.
        AttentionScale = fields.OptionalNumber("attention_multiplier") ?? 1,
        LogitDivisor = Factor(fields, "logits_scaling"),
    };

    protected override void Write(ModelConfig config, JsonObject json)
    {
        base.Write(config, json);
        json["embedding_multiplier"] = config.Architecture.EmbeddingFactor ?? 1;
        json["residual_multiplier"] = config.Architecture.ResidualFactor ?? 1;
        json["attention_multiplier"] = config.Architecture.AttentionScale ?? 1 / Math.Sqrt(config.HeadSize);
        json["logits_scaling"] = config.Architecture.LogitDivisor ?? 1;
    }

    private static double? Factor(ConfigFields fields, string name) => fields.OptionalNumber(name) is { } factor && factor != 1 ? factor : null;
}
