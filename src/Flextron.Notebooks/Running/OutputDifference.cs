namespace Flextron.Notebooks.Running;

/// <summary>Where a fresh run shows something else than the committed notebook.</summary>
/// <param name="Cell">Number of the code cell, from 1.</param>
/// <param name="What">What differs, in words.</param>
/// <param name="Committed">What the file holds.</param>
/// <param name="Now">What the run gave.</param>
public sealed record OutputDifference(int Cell, string What, string Committed, string Now)
{
    /// <inheritdoc/>
    public override string ToString() => $"cell {Cell}, {What}: \"{Committed}\" is committed, \"{Now}\" now";
}
