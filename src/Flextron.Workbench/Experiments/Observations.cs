namespace Flextron.Workbench.Experiments;

/// <summary>The single observations that a result is the mean of, by which two runs can be compared in pairs; a line of <c>observations.jsonl</c>.</summary>
/// <param name="Name">The result.</param>
/// <param name="Unit">What is observed: <c>seed</c> or <c>window</c>.</param>
/// <param name="Of">What the keys name, such as the hash of a held-out text: only observations of the same thing are paired.</param>
/// <param name="Keys">A name for each observation: the seed, or the window's number.</param>
/// <param name="Values">Their values.</param>
public sealed record Observations(string Name, string Unit, string Of, IReadOnlyList<string> Keys, IReadOnlyList<double> Values)
{
    /// <summary>The other's values minus these, where both have the key.</summary>
    /// <returns>Null where they observe something else, or fewer than two keys are common.</returns>
    public IReadOnlyList<double>? DifferencesTo(Observations other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Unit != Unit || other.Of != Of || Keys.Count != Values.Count || other.Keys.Count != other.Values.Count) return null;
        Dictionary<string, double> theirs = other.Keys.Zip(other.Values).DistinctBy(p => p.First).ToDictionary(p => p.First, p => p.Second);
        double[] differences = [.. Keys.Zip(Values).Where(p => theirs.ContainsKey(p.First)).Select(p => theirs[p.First] - p.Second)];
        return differences.Length < 2 ? null : differences;
    }

    /// <summary>Their mean with its interval.</summary>
    public SummaryValue ToSummary() => SummaryValue.OfValues(Values);
}
