using System.Globalization;
using System.Text.Json;
using Flextron.Elastic;
using Flextron.Inference.Decoding;
using Flextron.Latency;
using Flextron.Progress;
using Flextron.Storage;

namespace Flextron.Selection;

/// <summary>Latency tables of generating text on the CPU: the family's own, one measured earlier on this machine, or one measured now.</summary>
public static class DecodeTables
{
    /// <summary>How well whole runs have to be known, a standard error as a share of the median, for a table to be kept for good.</summary>
    public const double WantedPrecision = 0.01;

    // What a table that is never known so well is tried for: a machine that is always busy, or too slow for rounds enough, shall not make every text wait.
    private const int MostAttempts = 3;

    // A few seconds, on a slow machine too: who waits for a text does not wait for a careful table.
    private static readonly ProfileSettings Quick = new()
    {
        Seconds = 4, MaximumSeconds = 6, MinimumRounds = 5, CalibrationNetworks = 3, WarmUpSeconds = 0.2, Precision = WantedPrecision,
    };

    /// <summary>
    /// The table of a family for an engine: <see cref="FamilyBundle.DecodeTableName"/> or the family's own table where it was measured with this
    /// engine on this machine, one sequence at a time; else one from the cache folder; else one is measured and kept there. One from the cache that is known less well than
    /// <see cref="WantedPrecision"/> is measured again, twice at most, and the better known of the two kept.
    /// </summary>
    /// <param name="bundle">The family.</param>
    /// <param name="engine">Made of its model.</param>
    /// <param name="settings">How carefully to measure; a few seconds by default.</param>
    /// <param name="progress">Reports measuring.</param>
    /// <param name="cancellation">Stops measuring.</param>
    /// <exception cref="FlextronException">The family's decode table is damaged, or the cache cannot be written.</exception>
    public static LatencyTable Find(
        FamilyBundle bundle, DecodeEngine engine, ProfileSettings? settings = null, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        using var runner = new EngineWorkloadRunner(engine, bundle.Family.Model);
        // A family may have been profiled with other lengths; everything else has to be the same. A step of several sequences is no time of one text's token.
        bool Serves(LatencyTable? table) => table?.Key.Workload is { GeneratedTokens: > 0 } workload && workload.Batch == runner.Key.Workload.Batch
            && table.Key.DifferenceTo(runner.Key with { Workload = workload }) is null;
        string own = Path.Combine(bundle.Family.Path, FamilyBundle.DecodeTableName);
        if (File.Exists(own) && LatencyTable.Load(own) is var given && Serves(given)) return given;
        if (Serves(bundle.Table)) return bundle.Table!;

        ElasticSpace space = bundle.Family.Space.Blockwise;
        string cached = Path.Combine(CacheFolder.Path, "latency", $"{ContentHash.OfText(JsonSerializer.Serialize(new { runner.Key, space.KvGroups, space.Neurons }, FlextronJson.Compact))[..16]}.json");
        LatencyTable? earlier = File.Exists(cached) && Cached(cached) is { } found && Serves(found) ? found : null;
        if (earlier is not null && (earlier.Precision <= WantedPrecision || earlier.Attempts >= MostAttempts)) return earlier;
        progress?.Report(new StageProgress("profiling", 0, 0, earlier is null
            ? "no decode table of this model on this machine yet: a few seconds, kept for the next time"
            : string.Create(CultureInfo.InvariantCulture, $"the decode table of this model is known {(earlier.Precision is { } p ? $"to {p:0.#%}" : "from too few rounds")} and {WantedPrecision:0.#%} is wanted: once more")));
        LatencyTable measured = LatencyProfiler.Profile(runner, space, settings ?? Quick, progress, cancellation);
        LatencyTable kept = (earlier is not null && Error(earlier) < Error(measured) ? earlier : measured) with { Attempts = 1 + (earlier?.Attempts ?? 0) };
        kept.Save(cached);
        return kept;

        static double Error(LatencyTable table) => table.Precision ?? double.PositiveInfinity;
    }

    // What lies in the cache can be made again.
    private static LatencyTable? Cached(string path)
    {
        try
        {
            return LatencyTable.Load(path);
        }
        catch (FlextronException)
        {
            return null;
        }
    }
}
