namespace Flextron.Workbench.Experiments;

/// <summary>What a run's results come from; saved as <c>provenance.json</c>.</summary>
/// <param name="SettingsSha256">Hash of the resolved settings.</param>
/// <param name="Overrides">The overrides given on the command line.</param>
/// <param name="Seeds">Seeds by purpose.</param>
/// <param name="Inputs">Data and models from outside, by content.</param>
/// <param name="Stages">Stages in the order they ran.</param>
/// <param name="Measured">
/// Results that are times, or that measured times decide: names in the summary or <c>tables/NAME.COLUMN</c>, where a '*' at the end stands for any rest. All others
/// repeat. Null in records of older versions.
/// </param>
public sealed record RunProvenance(
    string SettingsSha256,
    IReadOnlyList<string> Overrides,
    IReadOnlyDictionary<string, long> Seeds,
    IReadOnlyList<RunProvenance.InputRecord> Inputs,
    IReadOnlyList<RunProvenance.StageRecord> Stages,
    IReadOnlyList<string>? Measured = null)
{
    /// <summary>Whether a result is a time, or decided by times.</summary>
    /// <param name="name">Its name in the summary, or <c>tables/NAME.COLUMN</c>.</param>
    public bool IsMeasured(string name) =>
        Measured?.Any(m => m.EndsWith('*') ? name.StartsWith(m[..^1], StringComparison.Ordinal) : name == m) ?? false;

    /// <summary>A file or folder that was read.</summary>
    /// <param name="Name">What it is.</param>
    /// <param name="Sha256">Hash of its content.</param>
    public sealed record InputRecord(string Name, string Sha256);

    /// <summary>A stage of the run.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Version">Version of its code.</param>
    /// <param name="Key">What its result depends on.</param>
    /// <param name="Inputs">Content hashes of earlier stages' results and of files.</param>
    /// <param name="Reused">Whether the result was there already.</param>
    /// <param name="Seconds">How long computing it took, now or then.</param>
    /// <param name="Files">Its files.</param>
    /// <param name="Measured">Whether it measures time, or takes in what such a stage made.</param>
    /// <param name="Threads">Threads that libtorch computed it with; 0 in records of older versions.</param>
    public sealed record StageRecord(
        string Name, int Version, string Key, IReadOnlyList<InputRecord> Inputs, bool Reused, double Seconds, IReadOnlyList<StageFile> Files, bool Measured = false, int Threads = 0);
}
