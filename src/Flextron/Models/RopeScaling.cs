using System.Text.Json.Serialization;

namespace Flextron.Models;

/// <summary>How rotary frequencies were changed to reach a longer context than the model was first trained for.</summary>
/// <param name="Kind">Which formula.</param>
/// <param name="Factor">Frequencies (of <see cref="RopeScalingKind.Llama3"/> and <see cref="RopeScalingKind.Yarn"/>: the low ones) are divided by this, 1 or more.</param>
public sealed record RopeScaling(RopeScalingKind Kind, double Factor)
{
    /// <summary>Of llama3: wavelengths longer than the original context divided by this are scaled in full.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Of llama3: wavelengths shorter than the original context divided by this are left alone.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>Of llama3, yarn and longrope: tokens of the original context.</summary>
    public int OriginalContextLength { get; init; } = 8192;

    /// <summary>Rotated elements of queries and keys are multiplied by this.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AttentionFactor { get; init; }

    /// <summary>Of yarn: pairs that turn at least so often within the original context are left alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? FastTurns { get; init; }

    /// <summary>Of yarn: pairs that turn at most so often within it are scaled in full.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? SlowTurns { get; init; }

    /// <summary>Of yarn: whether the ramp begins and ends anywhere, not at whole pairs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool UnroundedRamp { get; init; }

    /// <summary>Of longrope: what each pair's frequency is divided by in models of no more than the original context.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NumberList? ShortFactors { get; init; }

    /// <summary>Of longrope: what each pair's frequency is divided by in models of a longer context.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NumberList? LongFactors { get; init; }

    /// <summary>Of longrope: tokens of the context that the long factors reach, for writing the model back; nothing is computed from it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ExtendedContextLength { get; init; }

    /// <summary>Frequencies as they are used.</summary>
    /// <param name="plain_I">Radians per position of each pair, without scaling.</param>
    /// <param name="theta">Their base.</param>
    /// <param name="contextLength">Longest text that the model reads. All of its texts are rotated alike, so that what was computed for a token stays right when others follow.</param>
    internal double[] Apply(double[] plain_I, double theta, int contextLength) => Kind switch
    {
        RopeScalingKind.Linear => Array.ConvertAll(plain_I, f => f / Factor),
        RopeScalingKind.Llama3 => Array.ConvertAll(plain_I, f =>
        {
            // How many turns the pair makes within the original context decides.
            double turns = OriginalContextLength * f / (2 * Math.PI);
            return Mixed(f, Math.Clamp((turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1));
        }),
        RopeScalingKind.Yarn => Yarn(plain_I, theta),
        RopeScalingKind.LongRope => [.. plain_I.Zip((contextLength > OriginalContextLength ? LongFactors! : ShortFactors!).Values, (f, factor) => f / factor)],
        _ => plain_I,
    };

    internal void Require(ModelConfig config, Action<bool, string> require)
    {
        require(Factor >= 1 && double.IsFinite(Factor), $"a rotary scaling factor of {Factor} is not possible, which must be 1 or more");
        require(
            LowFrequencyFactor > 0 && HighFrequencyFactor > LowFrequencyFactor && double.IsFinite(HighFrequencyFactor),
            $"rotary frequency factors of {LowFrequencyFactor} and {HighFrequencyFactor} are not possible, which must be positive and the second larger");
        require(OriginalContextLength is > 0 and <= 1 << 24, $"an original context of {OriginalContextLength} tokens is not possible");
        require(AttentionFactor is null || (AttentionFactor > 0 && double.IsFinite(AttentionFactor.Value)), $"a rotary attention factor of {AttentionFactor} is not possible, which must be positive");
        if (Kind == RopeScalingKind.Yarn)
        {
            require(
                FastTurns is { } fast && SlowTurns is { } slow && slow > 0 && fast >= slow && double.IsFinite(fast),
                $"yarn's beta_fast {FastTurns} and beta_slow {SlowTurns} are not possible, which must be positive and the first no smaller");
            require(config.RopeTheta > 1, $"a rotary base of {config.RopeTheta} is not possible with yarn, which needs more than 1");
        }
        if (Kind == RopeScalingKind.LongRope)
        {
            int pairs = config.RotarySize / 2;
            foreach ((string name, NumberList? factors) in (ReadOnlySpan<(string, NumberList?)>)[("short_factor", ShortFactors), ("long_factor", LongFactors)])
                require(
                    factors is { Values: { IsDefault: false } values } && values.Length == pairs && values.All(f => f > 0 && double.IsFinite(f)),
                    $"longrope's {name} must be {pairs} positive numbers, one for each rotated pair of a head");
        }
    }

    // Pairs by index, from the fastest: those below the ramp are left alone, those above it divided.
    private double[] Yarn(double[] plain_I, double theta)
    {
        int rotated = 2 * plain_I.Length;
        double PairThatTurns(double times) => rotated * Math.Log(OriginalContextLength / (times * 2 * Math.PI)) / (2 * Math.Log(theta));
        (double first, double last) = (PairThatTurns(FastTurns!.Value), PairThatTurns(SlowTurns!.Value));
        if (!UnroundedRamp) (first, last) = (Math.Floor(first), Math.Ceiling(last));
        (first, last) = (Math.Max(first, 0), Math.Min(last, rotated - 1));
        if (first == last) last += 0.001;
        return [.. plain_I.Select((f, i) => Mixed(f, 1 - Math.Clamp((i - first) / (last - first), 0, 1)))];
    }

    private double Mixed(double frequency, double kept) => (1 - kept) * frequency / Factor + kept * frequency;
}
