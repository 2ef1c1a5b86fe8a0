namespace Flextron.Models;

/// <summary>How rotary frequencies were changed to reach a longer context than the model was first trained for.</summary>
/// <param name="Kind">Which formula.</param>
/// <param name="Factor">Frequencies (of <see cref="RopeScalingKind.Llama3"/>: the low ones) are divided by this, 1 or more.</param>
public sealed record RopeScaling(RopeScalingKind Kind, double Factor)
{
    /// <summary>Of llama3: wavelengths longer than the original context divided by this are scaled in full.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Of llama3: wavelengths shorter than the original context divided by this are left alone.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>Of llama3: tokens of the original context.</summary>
    public int OriginalContextLength { get; init; } = 8192;

    /// <summary>A frequency as it is used.</summary>
    /// <param name="frequency">Radians per position.</param>
    public double Apply(double frequency)
    {
        if (Kind == RopeScalingKind.Linear) return frequency / Factor;
        // How many turns the pair makes within the original context decides; between the two limits the scaled and the unscaled frequency are mixed.
        double turns = OriginalContextLength * frequency / (2 * Math.PI);
        double kept = Math.Clamp((turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
        return (1 - kept) * frequency / Factor + kept * frequency;
    }
}
