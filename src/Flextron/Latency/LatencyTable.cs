using System.Text.Json.Serialization;
using Flextron.Models;
using Flextron.Storage;

namespace Flextron.Latency;

/// <summary>
/// A measured latency table: milliseconds of every block part at every width for one workload on one machine. Blocks have one shape, so
/// they share entries. It is refused anywhere else: see <see cref="RequireMatch"/>.
/// </summary>
public sealed record LatencyTable : ICostTable
{
    /// <summary>What it was measured with.</summary>
    public required LatencyKey Key { get; init; }

    /// <summary>Cost of embedding, final norm and head, calibrated, ms per workload.</summary>
    public required double FixedMs { get; init; }

    /// <summary>Its share for the prompt.</summary>
    public required double FixedPrefillMs { get; init; }

    /// <summary>The same of one decode step; 0 without generation.</summary>
    public double FixedStepMs { get; init; }

    /// <summary>Raw timings of the fixed part over the prompt.</summary>
    public required Quartiles FixedPrefill { get; init; }

    /// <summary>Raw timings of the fixed part in a decode step; null without generation.</summary>
    public Quartiles? FixedDecodeStep { get; init; }

    /// <summary>Attention by key/value groups, ascending.</summary>
    public required IReadOnlyList<LatencyEntry> Attention { get; init; }

    /// <summary>MLP by neurons, ascending.</summary>
    public required IReadOnlyList<LatencyEntry> Mlp { get; init; }

    /// <summary>Rounds measured.</summary>
    public int Rounds { get; init; }

    /// <summary>
    /// How well its calibration networks' whole runs are known: the greatest standard error of a median, as a share of it; null where rounds were too few to tell, and in
    /// tables of earlier versions.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Precision { get; init; }

    /// <summary>How often a quick table that is kept for later has been measured; 0 for all others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Attempts { get; init; }

    /// <summary>How parts of the pass over the prompt were tied to whole runs.</summary>
    public required LatencyCalibration Calibration { get; init; }

    /// <summary>The same for decode steps; null without generation.</summary>
    public LatencyCalibration? DecodeCalibration { get; init; }

    /// <summary>Channels of the residual stream that this holds for; null for all of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ResidualWidth { get; init; }

    /// <summary>The same of narrower residual streams, the widest first, measured in the same rounds; null where none was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LatencyTable>? Narrower { get; init; }

    /// <summary>Predicted against measured latency of sub-networks that nothing here was fitted to.</summary>
    public HonestyReport? HeldOut { get; init; }

    /// <inheritdoc/>
    string ICostTable.Unit => "ms";

    /// <inheritdoc/>
    double ICostTable.Fixed => FixedMs;

    /// <inheritdoc/>
    double ICostTable.Attention(int block, int kvGroups) => kvGroups == 0 ? 0 : At(Attention, kvGroups, e => e.CostMs);

    /// <inheritdoc/>
    double ICostTable.Mlp(int block, int neurons) => neurons == 0 ? 0 : At(Mlp, neurons, e => e.CostMs);

    /// <summary>Costs of the prompt alone, ms.</summary>
    public ICostTable PrefillCosts() => new Phase(this, t => t.FixedPrefillMs, e => e.PrefillMs);

    /// <summary>Costs of one decode step alone, ms at the mean context length of the workload.</summary>
    /// <exception cref="FlextronException">The workload generates nothing.</exception>
    public ICostTable DecodeStepCosts() => Key.Workload.GeneratedTokens > 0
        ? new Phase(this, t => t.FixedStepMs, e => e.StepMs)
        : throw new FlextronException("The latency table was measured without generation: run `flextron profile` with --generated-tokens.");

    /// <inheritdoc/>
    ICostTable? ICostTable.AtWidth(int residualWidth) => OfWidth(residualWidth);

    private LatencyTable? OfWidth(int residualWidth) =>
        residualWidth == (ResidualWidth ?? Key.Model.Hidden) ? this : Narrower?.FirstOrDefault(t => t.ResidualWidth == residualWidth);

    /// <summary>
    /// Predicted latency of a sub-network, ms per workload. Widths between entries are interpolated; below the first, the first counts; a skipped
    /// part costs nothing.
    /// </summary>
    /// <exception cref="FlextronException">It has a narrower residual stream, of which nothing was measured.</exception>
    public double Predict(SubNetwork subNetwork) => ((ICostTable)this).Cost(subNetwork);

    /// <summary>Predicted latency of the whole network, ms.</summary>
    public double FullMs() => FixedMs + Key.Model.Blocks * (Attention[^1].CostMs + Mlp[^1].CostMs);

    /// <summary>Reads a table and checks its numbers.</summary>
    /// <exception cref="FlextronException">Missing, unreadable or damaged.</exception>
    public static LatencyTable Load(string path)
    {
        LatencyTable table = FlextronJson.ReadFile<LatencyTable>(path, "latency table");
        bool narrower = table.Narrower is not { } tables
            || tables.All(t => t is { ResidualWidth: >= 1, Narrower: null } && t.IsSound() && t.ResidualWidth < table.Key?.Model?.Hidden && t.Key.DifferenceTo(table.Key) is null);
        if (!table.IsSound() || table.ResidualWidth is not null || !narrower)
            throw new FlextronException($"{path} is a damaged latency table: run `flextron profile` again.");
        return table;
    }

    /// <summary>Writes the table as JSON.</summary>
    public void Save(string path) => FlextronJson.WriteFile(path, this);

    /// <summary>Refuses the table where anything it depends on differs.</summary>
    /// <param name="current">The key of what is to be predicted: <see cref="LatencyKey.Of"/>.</param>
    /// <returns>This table.</returns>
    /// <exception cref="FlextronException">Something differs; the message says what.</exception>
    public LatencyTable RequireMatch(LatencyKey current)
    {
        if (Key.DifferenceTo(current) is { } difference)
            throw new FlextronException($"The latency table was measured with {difference}: run `flextron profile` again.");
        return this;
    }

    private bool IsSound() => Key?.Workload is not null && Key.Model is not null && Calibration is not null
        && Possible(FixedMs) && Possible(FixedPrefillMs) && Possible(FixedStepMs) && Sound(Attention, Key.Model.KvGroups) && Sound(Mlp, Key.Model.Neurons);

    private static bool Sound(IReadOnlyList<LatencyEntry>? entries, int full) =>
        entries is { Count: > 0 } && entries.All(e => e is not null && e.Prefill is not null && double.IsFinite(e.CostMs) && e.CostMs > 0 && Possible(e.PrefillMs) && Possible(e.StepMs))
        && entries[0].Width >= 1 && entries[^1].Width == full
        && entries.Zip(entries.Skip(1)).All(p => p.First.Width < p.Second.Width && p.First.CostMs <= p.Second.CostMs
            // Each phase is a table of its own, and budgets are kept by it.
            && p.First.PrefillMs <= p.Second.PrefillMs && p.First.StepMs <= p.Second.StepMs);

    private static bool Possible(double ms) => double.IsFinite(ms) && ms >= 0;

    private static double At(IReadOnlyList<LatencyEntry> entries, int width, Func<LatencyEntry, double> cost)
    {
        int next = 0;
        while (next < entries.Count - 1 && entries[next].Width < width) next++;
        LatencyEntry b = entries[next];
        if (next == 0 || b.Width <= width) return cost(b);
        LatencyEntry a = entries[next - 1];
        return cost(a) + (cost(b) - cost(a)) * (width - a.Width) / (b.Width - a.Width);
    }

    private sealed class Phase(LatencyTable table, Func<LatencyTable, double> fixedMs, Func<LatencyEntry, double> cost) : ICostTable
    {
        public string Unit => "ms";

        public double Fixed => fixedMs(table);

        public ICostTable? AtWidth(int residualWidth) => table.OfWidth(residualWidth) is { } found ? new Phase(found, fixedMs, cost) : null;

        public double Attention(int block, int kvGroups) => kvGroups == 0 ? 0 : At(table.Attention, kvGroups, cost);

        public double Mlp(int block, int neurons) => neurons == 0 ? 0 : At(table.Mlp, neurons, cost);
    }
}
