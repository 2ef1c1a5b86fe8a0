namespace Flextron.Routing.Dynamic;

/// <summary>How the budget controller balances.</summary>
public sealed record BudgetSettings
{
    /// <summary>Unspent budget that a layer keeps for later tokens, in ranges between its cheapest and its dearest choice; what exceeds it goes to the next layer.</summary>
    public double Burst { get; init; } = 8;

    /// <summary>
    /// How much a full store of unspent budget speaks for dearer choices, in units of the scores between a layer's cheapest and dearest choice. 0 lets routers
    /// underspend.
    /// </summary>
    public double Gain { get; init; } = 4;

    /// <summary>How full the store is kept, as a share: below it cheaper choices are spoken for, so that a token that needs much finds something to spend.</summary>
    public double Reserve { get; init; } = 0.25;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range.</exception>
    public BudgetSettings Validated()
    {
        if (Reserve is not (>= 0 and < 1)) throw new FlextronException(FormattableString.Invariant($"Budget settings: reserve {Reserve}, give 0 or more and less than 1."));
        if (!(Burst >= 0) || !double.IsFinite(Burst) || !(Gain >= 0) || !double.IsFinite(Gain))
            throw new FlextronException(FormattableString.Invariant($"Budget settings: burst {Burst} and gain {Gain}, give 0 or more."));
        return this;
    }
}
