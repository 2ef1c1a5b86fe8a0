using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;

namespace Flextron.Latency;

/// <summary>Checks a latency table against whole runs of sub-networks that it was not made from.</summary>
public static class TableHonesty
{
    /// <summary>Measures random heterogeneous sub-networks and compares.</summary>
    /// <param name="table">The table; its workload is run.</param>
    /// <param name="model">The model it was made for.</param>
    /// <param name="space">Where to draw from; every block chooses independently.</param>
    /// <param name="count">Sub-networks, at least 3; fewer where the space has no more.</param>
    /// <param name="seed">Which ones.</param>
    /// <param name="settings">How carefully.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <exception cref="FlextronException">The table is another machine's or model's.</exception>
    public static HonestyReport Check(
        LatencyTable table,
        DecoderModel model,
        ElasticSpace space,
        int count = 24,
        long seed = 0,
        ProfileSettings? settings = null,
        IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(space);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 3);
        table.RequireMatch(LatencyKey.Of(model, table.Key.Workload));
        var used = table.Calibration.Networks.ToHashSet(StringComparer.Ordinal);
        Random random = Seeds.Stream(seed, "held-out networks");
        // Networks that leave blocks out are predicted by the table and checked too; residual widths are not in it.
        space = space with { Widths = null };
        var networks = new List<SubNetwork>();
        // A small space may not hold so many: give up after enough repetitions.
        for (int draw = 0; networks.Count < count && draw < 100 * count; draw++)
            if (space.Random(random) is var network && used.Add(network.ToString())) networks.Add(network);
        if (networks.Count < 3)
            throw new FlextronException($"The elastic space has only {space.Size} sub-networks, too few to check a latency table: give it more choices.");
        IReadOnlyList<Quartiles> measured = LatencyProfiler.MeasureEndToEnd(model, networks, table.Key.Workload, settings, progress);
        return HonestyReport.Of([.. networks.Select((n, i) => new HonestyPair(n.ToString(), table.Predict(n), measured[i].Median))]);
    }
}
