namespace Flextron.Pretraining;

/// <summary>A V-cycle of multilevel training (Zou et al., arXiv 2404.07999): a while at full size, most at half size, the rest at full size again.</summary>
public sealed record VCycleSettings
{
    /// <summary>Share of the tokens trained at full size before the model is made small.</summary>
    public double FirstShare { get; init; } = 0.1;

    /// <summary>Share of the tokens trained at half size.</summary>
    public double SmallShare { get; init; } = 0.4;

    /// <summary>α in (1 − α)·before + α·enlarged: how much of the small model's training the large one takes over.</summary>
    public double Interpolation { get; init; } = 0.5;

    /// <summary>Whether the number of blocks is halved too, not only their width.</summary>
    public bool Depth { get; init; } = true;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public VCycleSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"V-cycle settings: {what}.");
        }

        Require(FirstShare > 0 && SmallShare > 0 && FirstShare + SmallShare < 1, FormattableString.Invariant($"firstShare {FirstShare} and smallShare {SmallShare} must be above 0 and leave tokens for the end"));
        Require(Interpolation is >= 0 and <= 1, FormattableString.Invariant($"interpolation is {Interpolation}, give 0 to 1"));
        return this;
    }
}
