namespace Flextron.MixtureOfDepths;

/// <summary>Decisions that were made before, for replaying a pass.</summary>
/// <param name="decisions">[block][sequence][position].</param>
public sealed class GivenTokens(IReadOnlyDictionary<int, bool[][]> decisions) : ITokenSelector
{
    /// <inheritdoc/>
    public bool IsCausal => true;

    /// <inheritdoc/>
    public bool[] Select(RouterReading reading, int start)
    {
        ArgumentNullException.ThrowIfNull(reading);
        bool[][] rows = decisions[reading.Block];
        return [.. Enumerable.Range(0, reading.Batch * reading.Time).Select(at => rows[at / reading.Time][start + at % reading.Time])];
    }
}
