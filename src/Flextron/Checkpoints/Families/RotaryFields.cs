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
    private const string OriginalContext = "original_max_position_embeddings";

    private static readonly (string Text, RopeScalingKind? Kind)[] Kinds =
    [
        ("default", null), ("linear", RopeScalingKind.Linear), ("llama3", RopeScalingKind.Llama3), ("dynamic", RopeScalingKind.Dynamic), ("yarn", RopeScalingKind.Yarn),
        ("longrope", RopeScalingKind.LongRope), ("su", RopeScalingKind.LongRope),
    ];

    // Whatever else stands there may change the frequencies. What other kinds use is ignored by everybody.
    private static readonly HashSet<string> Known =
    [
        "rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", OriginalContext, "low_freq_factor", "high_freq_factor", "attention_factor", "beta_fast", "beta_slow",
        "mscale", "mscale_all_dim", "truncate", "short_factor", "long_factor", "finetuned",
    ];

    /// <summary>Reads them.</summary>
    /// <param name="fields">The configuration.</param>
    /// <param name="contextLength">The context that it names.</param>
    /// <param name="thetaName">The field of the base.</param>
    /// <param name="shareName">The field of the rotated share.</param>
    /// <param name="share">What its absence means.</param>
    /// <param name="absentTheta">The base where the configuration names none.</param>
    /// <param name="absentOriginalContext">The original context where the configuration names none; null: the present one.</param>
    /// <param name="longRopeOnly">Whether <c>yarn</c> means longrope, as it once did.</param>
    /// <exception cref="FlextronException">Another kind of scaling, one for some blocks only, or a number of it is missing or of no known meaning.</exception>
    public static RotaryFields Read(
        ConfigFields fields, int contextLength, string thetaName = "rope_theta", string shareName = "partial_rotary_factor", double share = 1,
        double absentTheta = 10000, int? absentOriginalContext = null, bool longRopeOnly = false)
    {
        var result = new RotaryFields(fields.OptionalNumber(thetaName) ?? absentTheta, null, fields.OptionalNumber(shareName) ?? share);
        foreach (string place in (string[])["rope_scaling", "rope_parameters"])
        {
            if (fields.Object(place) is not { } rope) continue;
            if (rope.Names.FirstOrDefault(n => !Known.Contains(n)) is { } unknown)
                throw new FlextronException($"{fields.Path}: {place} has {ConfigFields.Shown(unknown)}, which is not supported; remove it if it changes nothing.");
            string name = rope.Find("rope_type") is null && rope.Find("type") is not null ? "type" : "rope_type";
            RopeScalingKind? kind = rope.Choice(name, "default", Kinds);
            if (kind == RopeScalingKind.Yarn && longRopeOnly) kind = RopeScalingKind.LongRope;
            result = new RotaryFields(
                rope.OptionalNumber("rope_theta") ?? result.Theta, kind is { } some ? Scale(fields, rope, some, contextLength, absentOriginalContext) : result.Scaling,
                rope.OptionalNumber("partial_rotary_factor") ?? result.Share);
        }
        return result;
    }

    /// <summary>The context that a model of some scaling reads: of longrope the original one, within which all texts have the same frequencies.</summary>
    public int Context(int named) => Scaling is { Kind: RopeScalingKind.LongRope } scaling ? Math.Min(named, scaling.OriginalContextLength) : named;

    /// <summary>The context that a configuration names, so that it is read as this one.</summary>
    public static int NamedContext(ModelConfig config) => config.Architecture.RopeScaling?.ExtendedContextLength ?? config.ContextLength;

    /// <summary>The rotated share of every head, for writing; readers multiply and round down, which must give the size back.</summary>
    public static double ShareOf(ModelConfig config)
    {
        double share = (double)config.RotarySize / config.HeadSize;
        return (int)(config.HeadSize * share) == config.RotarySize ? share : Math.BitIncrement(share);
    }

    /// <summary>The object of a scaling; null where there is none.</summary>
    public static JsonObject? Write(RopeScaling? scaling)
    {
        if (scaling is null) return null;
        var json = new JsonObject { ["rope_type"] = Kinds.First(k => k.Kind == scaling.Kind).Text, ["factor"] = scaling.Factor };
        if (scaling.Kind is RopeScalingKind.Llama3 or RopeScalingKind.Yarn or RopeScalingKind.LongRope) json[OriginalContext] = scaling.OriginalContextLength;
        if (scaling.AttentionFactor is { } attention) json["attention_factor"] = attention;
        switch (scaling.Kind)
        {
            case RopeScalingKind.Llama3:
                json["low_freq_factor"] = scaling.LowFrequencyFactor;
                json["high_freq_factor"] = scaling.HighFrequencyFactor;
                break;
            case RopeScalingKind.Yarn:
                json["beta_fast"] = scaling.FastTurns;
                json["beta_slow"] = scaling.SlowTurns;
                if (scaling.UnroundedRamp) json["truncate"] = false;
                break;
            case RopeScalingKind.LongRope:
                json["short_factor"] = Numbers(scaling.ShortFactors!);
                json["long_factor"] = Numbers(scaling.LongFactors!);
                break;
        }
        return json;
    }

    /// <summary>The attention factor of longrope where a configuration names none: √(1 + ln factor / ln original context).</summary>
    public static double LongRopeAttention(double factor, int originalContext) => factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(originalContext));

    private static RopeScaling Scale(ConfigFields fields, ConfigFields rope, RopeScalingKind kind, int contextLength, int? absentOriginal)
    {
        double Number(string name) => rope.OptionalNumber(name) ?? throw new FlextronException($"{rope.Path}: {name} of the rotary scaling is missing; correct it.");
        // Some configurations keep the original context beside the rest; that one is then the one that counts.
        int? original = fields.OptionalInteger(OriginalContext) ?? rope.OptionalInteger(OriginalContext) ?? absentOriginal;
        if (original is <= 0) throw new FlextronException($"{rope.Path}: an original context of {original} tokens is not possible; correct {OriginalContext}.");
        // How much longer the context has become, where nothing else is said.
        double Ratio() => original is { } first ? Math.Max(1, (double)contextLength / first) : Number("factor");
        switch (kind)
        {
            case RopeScalingKind.Llama3:
                return new RopeScaling(kind, Number("factor"))
                {
                    LowFrequencyFactor = Number("low_freq_factor"),
                    HighFrequencyFactor = Number("high_freq_factor"),
                    OriginalContextLength = original ?? rope.Integer(OriginalContext),
                };
            case RopeScalingKind.Yarn:
                double factor = rope.OptionalNumber("factor") ?? Ratio();
                return new RopeScaling(kind, factor)
                {
                    OriginalContextLength = original ?? contextLength,
                    AttentionFactor = rope.OptionalNumber("attention_factor") ?? YarnAttention(factor, NonZero("mscale"), NonZero("mscale_all_dim")),
                    FastTurns = NonZero("beta_fast") ?? 32,
                    SlowTurns = NonZero("beta_slow") ?? 1,
                    UnroundedRamp = !rope.Flag("truncate", absent: true),
                };
            case RopeScalingKind.LongRope:
                // The contexts count more than a factor does, where one is longer than the other.
                double longer = original is { } && Ratio() is > 1 and { } ratio ? ratio : original is null ? Number("factor") : rope.OptionalNumber("factor") ?? 1;
                return new RopeScaling(kind, longer)
                {
                    OriginalContextLength = original ?? contextLength,
                    ExtendedContextLength = contextLength,
                    AttentionFactor = rope.OptionalNumber("attention_factor") ?? LongRopeAttention(longer, original ?? contextLength),
                    ShortFactors = rope.Numbers("short_factor"),
                    LongFactors = rope.Numbers("long_factor"),
                };
            default:
                return new RopeScaling(kind, Number("factor"));
        }

        double? NonZero(string name) => rope.OptionalNumber(name) is { } value && value != 0 ? value : null;
    }

    // Peng et al., §3.4, with the two weights that some models give it.
    private static double YarnAttention(double factor, double? numerator, double? denominator)
    {
        double Of(double weight) => factor <= 1 ? 1 : 0.1 * weight * Math.Log(factor) + 1;
        return numerator is { } above && denominator is { } below ? Of(above) / Of(below) : Of(1);
    }

    private static JsonArray Numbers(NumberList list) => new([.. list.Values.Select(v => (JsonNode)v)]);
}
