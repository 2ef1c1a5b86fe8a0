namespace Flextron.Elastic;

/// <summary>How far the logits of two computations are apart; a number where only that is asked for.</summary>
/// <param name="Largest">Largest absolute difference.</param>
/// <param name="Magnitude">
/// Largest absolute logit among those compared. Rounding grows with it: GPT-2's logits are around a hundred, and float32 has no more than seven digits of them.
/// </param>
public readonly record struct LogitDifference(double Largest, double Magnitude)
{
    /// <summary>The difference.</summary>
    public static implicit operator double(LogitDifference difference) => difference.Largest;

    /// <summary>The larger of two, in both respects; what is not a number stays that.</summary>
    internal LogitDifference Or(LogitDifference other) => new(Math.Max(Largest, other.Largest), Math.Max(Magnitude, other.Magnitude));
}
