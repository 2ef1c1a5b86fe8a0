using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Reruns;

/// <summary>Which numbers of a run its rerun repeats.</summary>
/// <param name="Tolerance">How far apart numbers may be; see <see cref="ComparedValue.Of"/>.</param>
/// <param name="Parts">What was compared, part by part.</param>
/// <param name="Differences">Every value that should repeat and does not to the last bit, by part and name; at most <see cref="Listed"/>, the most serious first.</param>
/// <param name="Measurements">The results that are measured, before and now, with an interval for the difference where both have one.</param>
/// <param name="Stages">The stages.</param>
/// <param name="Environment">What is not as it was about machine, program and data.</param>
/// <param name="Settings">Settings that the run did not record, at their defaults now, or that are gone.</param>
public sealed record RunAgreement(
    double Tolerance, IReadOnlyList<ComparedPart> Parts, IReadOnlyList<ComparedValue> Differences, IReadOnlyList<SummaryDifference> Measurements,
    IReadOnlyList<ComparedStage> Stages, IReadOnlyList<EnvironmentDifference> Environment, IReadOnlyList<SettingDifference> Settings)
{
    /// <summary>Differences that are listed one by one.</summary>
    public const int Listed = 40;

    /// <summary>Values that are the same to the last bit.</summary>
    public int Exact => Parts.Sum(p => p.Exact);

    /// <summary>Values apart by no more than the tolerance.</summary>
    public int Close => Parts.Sum(p => p.Close);

    /// <summary>Values further apart, missing or added.</summary>
    public int Different => Parts.Sum(p => p.Different);

    /// <summary>Values that are times or decided by times.</summary>
    public int Measured => Parts.Sum(p => p.Measured);

    /// <summary>Whether all that should repeat does, within the tolerance, and there is something that should.</summary>
    public bool Agrees => Different == 0 && Exact + Close > 0;

    /// <summary>Compares a run with its rerun.</summary>
    /// <param name="before">The run.</param>
    /// <param name="now">Its rerun; its provenance says which results are measured.</param>
    /// <param name="tolerance">How far apart numbers may be; 0 asks for the same bits.</param>
    /// <exception cref="FlextronException">A file of either is missing or damaged.</exception>
    public static RunAgreement Of(RunRecord before, RunRecord now, double tolerance)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        RunProvenance provenance = now.ReadProvenance();
        HashSet<string> measuredStages = [.. provenance.Stages.Where(s => s.Measured).Select(s => $"metrics/{s.Name}")];
        SortedDictionary<string, IReadOnlyList<RunCell>> a = RunValues.Of(before), b = RunValues.Of(now);
        var parts = new List<ComparedPart>();
        var all = new List<ComparedValue>();
        foreach (string part in a.Keys.Union(b.Keys).Order(StringComparer.Ordinal))
        {
            bool measured = measuredStages.Contains(part);
            ComparedValue[] values = [.. Compare(a.GetValueOrDefault(part, []), b.GetValueOrDefault(part, []), cell => measured || provenance.IsMeasured(cell.Result), tolerance)];
            parts.Add(ComparedPart.Of(part, values));
            all.AddRange(values.Where(v => v.Agreement is not (Agreement.Exact or Agreement.Measured)).Select(v => v with { Name = $"{part}: {v.Name}" }));
        }
        return new RunAgreement(
            tolerance, parts, [.. all.OrderBy(v => v.Agreement == Agreement.Close).ThenByDescending(v => Math.Abs(v.Difference ?? 0)).Take(Listed)],
            [.. RunComparison.Compare(before.ReadSummary(), now.ReadSummary()).Where(d => provenance.IsMeasured(d.Name))],
            [.. CompareStages(before.ReadProvenance(), provenance)],
            [.. EnvironmentDifferences.Of(before.ReadEnvironment(), now.ReadEnvironment()), .. EnvironmentDifferences.OfInputs(before.Provenances(), now.Provenances())],
            RunComparison.CompareSettings(before.ReadSettings(), now.ReadSettings()));
    }

    private static IEnumerable<ComparedValue> Compare(IReadOnlyList<RunCell> before, IReadOnlyList<RunCell> now, Func<RunCell, bool> measured, double tolerance)
    {
        Dictionary<string, RunCell> others = now.ToDictionary(c => c.Name, StringComparer.Ordinal);
        foreach (RunCell cell in before)
        {
            RunCell? other = others.GetValueOrDefault(cell.Name);
            others.Remove(cell.Name);
            bool isMeasured = measured(cell);
            if (cell.Number is null && other is { Number: null })
                yield return new ComparedValue(cell.Name, null, null, cell.Text == other.Text ? Agreement.Exact : isMeasured ? Agreement.Measured : Agreement.Different);
            else if (other is null)
                yield return new ComparedValue(cell.Name, cell.Number, null, isMeasured ? Agreement.Measured : Agreement.Missing);
            else
                yield return ComparedValue.Of(cell.Name, cell.Number, other.Number, isMeasured, tolerance);
        }
        foreach (RunCell cell in now.Where(c => others.ContainsKey(c.Name)))
            yield return new ComparedValue(cell.Name, null, cell.Number, measured(cell) ? Agreement.Measured : Agreement.Added);
    }

    private static IEnumerable<ComparedStage> CompareStages(RunProvenance before, RunProvenance now)
    {
        foreach (RunProvenance.StageRecord stage in now.Stages)
        {
            HashSet<(string, string)> old = [.. before.Stages.FirstOrDefault(s => s.Name == stage.Name)?.Files.Select(f => (f.Path, f.Sha256)) ?? []];
            int identical = stage.Files.Count(f => old.Contains((f.Path, f.Sha256)));
            int files = old.Select(f => f.Item1).Union(stage.Files.Select(f => f.Path)).Count();
            yield return new ComparedStage(stage.Name, stage.Measured, files, identical, stage.Threads, stage.Seconds);
        }
    }
}
