using System.Text.Json.Nodes;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>
/// How configurations describe rotary positions: older ones keep the base beside a <c>rope_scaling</c>; since transformers 5 both are in
/// <c>rope_parameters</c>.
/// </summary>
/// <param name="Theta">Frequency base.</param>
/// <param name="Scaling">Change of the frequencies, or null.</param>
/// <param name="Share">Rotated share of every head.</param>
internal sealed record RotaryFields(double Theta, RopeScaling? Scaling, double Share)
{
    private static readonly (string, RopeScalingKind?)[] Kinds = [("default", null), ("linear", RopeScalingKind.Linear), ("llama3", RopeScalingKind.Llama3)];

    /// <summary>Reads them.</summary>
    /// <param name="fields">The configuration.</param>
    /// <param name="thetaName">The field of the base.</param>
    /// <param name="shareName">The field of the rotated share.</param>
    /// <param name="share">What its absence means.</param>
    /// <exception cref="FlextronException">Another kind of scaling, or a number of it is missing.</exception>
    public static RotaryFields Read(ConfigFields fields, string thetaName = "rope_theta", string shareName = "partial_rotary_factor", double share = 1)
    {
        var result = new RotaryFields(fields.OptionalNumber(thetaName) ?? 10000, null, fields.OptionalNumber(shareName) ?? share);
        foreach (string place in (string[])["rope_scaling", "rope_parameters"])
        {
            if (fields.Object(place) is not { } rope) continue;
            string name = rope.Find("rope_type") is null && rope.Find("type") is not null ? "type" : "rope_type";
            RopeScalingKind? kind = rope.Choice(name, "default", Kinds);
            result = new RotaryFields(
                rope.OptionalNumber("rope_theta") ?? result.Theta, kind is { } some ? Scale(rope, some) : result.Scaling, rope.OptionalNumber("partial_rotary_factor") ?? result.Share);
        }
        return result;
    }

    /// <summary>The object of a scaling; null where there is none.</summary>
    public static JsonObject? Write(RopeScaling? scaling) => scaling switch
    {
        null => null,
        { Kind: RopeScalingKind.Linear } => new JsonObject { ["rope_type"] = "linear", ["factor"] = scaling.Factor },
        _ => new JsonObject
        {
            ["rope_type"] = "llama3",
            ["factor"] = scaling.Factor,
            ["low_freq_factor"] = scaling.LowFrequencyFactor,
            ["high_freq_factor"] = scaling.HighFrequencyFactor,
            ["original_max_position_embeddings"] = scaling.OriginalContextLength,
        },
    };

    private static RopeScaling Scale(ConfigFields rope, RopeScalingKind kind)
    {
        double Number(string name) => rope.OptionalNumber(name) ?? throw new FlextronException($"{rope.Path}: {name} of the rotary scaling is missing; correct it.");
        return kind == RopeScalingKind.Linear ? new RopeScaling(kind, Number("factor")) : new RopeScaling(kind, Number("factor"))
        {
            LowFrequencyFactor = Number("low_freq_factor"),
            HighFrequencyFactor = Number("high_freq_factor"),
            OriginalContextLength = rope.Integer("original_max_position_embeddings"),
        };
    }
}
