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
    // A few seconds, on a slow machine too: who waits for a text does not wait for a careful table.
    private static readonly ProfileSettings Quick = new() { Seconds = 3, MaximumSeconds = 5, MinimumRounds = 3, CalibrationNetworks = 3, WarmUpSeconds = 0.2 };

    /// <summary>
    /// The table of a family for an engine: <see cref="FamilyBundle.DecodeTableName"/> or the family's own table where it was measured with this
    /// engine on this machine, one sequence at a time; else one from the cache folder; else one is measured and kept there.
    /// </summary>
    /// <param name="bundle">The family.</param>
    /// <param name="engine">Made of its model.</param>
    /// <param name="settings">How carefully to measure; about three seconds by default.</param>
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
        if (File.Exists(cached) && Cached(cached) is { } earlier && Serves(earlier)) return earlier;
        progress?.Report(new StageProgress("profiling", 0, 0, "no decode table of this model on this machine yet: a few seconds, kept for the next time"));
        LatencyTable measured = LatencyProfiler.Profile(runner, space, settings ?? Quick, progress, cancellation);
        measured.Save(cached);
        return measured;
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
