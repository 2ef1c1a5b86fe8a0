using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;

namespace Flextron.Latency;

/// <summary>Checks a latency table against whole runs of sub-networks that it was not made from.</summary>
public static class TableHonesty
{
    /// <summary>Measures random heterogeneous sub-networks, with the whole network run in between, and compares.</summary>
    /// <param name="table">The table.</param>
    /// <param name="runner">Runs the table's workload with the model it was made for.</param>
    /// <param name="space">Where to draw from; every block chooses independently.</param>
    /// <param name="count">Sub-networks, at least 3; fewer where the space has no more. None of them calibrated the table.</param>
    /// <param name="seed">Which ones.</param>
    /// <param name="settings">How carefully.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <exception cref="FlextronException">The table is another machine's or model's.</exception>
    public static HonestyReport Check(
        LatencyTable table,
        IWorkloadRunner runner,
        ElasticSpace space,
        int count = 30,
        long seed = 0,
        ProfileSettings? settings = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(space);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 3);
        table.RequireMatch(runner.Key);
        IReadOnlyList<SubNetwork> networks = HeldOut(table, space, count, seed);
        EndToEndTimings timings = EndToEnd.Measure(runner, networks, settings, space.Largest, progress, cancellation);
        double slowdown = timings.Slowdown(table.FullMs());
        HonestyReport Compare(ICostTable costs, Func<double, double> predicted, IReadOnlyList<Quartiles> measured) => HonestyReport.Of(
            [.. networks.Select((n, i) => new HonestyPair(n.ToString(), predicted(costs.Cost(n)), measured[i].Median / slowdown))]) with { Slowdown = slowdown };

        HonestyReport total = Compare(table, ms => ms, timings.Total);
        int steps = table.Key.Workload.GeneratedTokens;
        return steps == 0 ? total : total with
        {
            Prefill = Compare(table.PrefillCosts(), ms => ms, timings.Prefill),
            Decode = Compare(table.DecodeStepCosts(), ms => steps * ms, timings.Decode),
        };
    }

    private static List<SubNetwork> HeldOut(LatencyTable table, ElasticSpace space, int count, long seed)
    {
        var used = (table.Narrower ?? []).Prepend(table).SelectMany(t => t.Calibration.Networks).ToHashSet(StringComparer.Ordinal);
        Random random = Seeds.Stream(seed, "held-out networks");
        // Networks that leave blocks out are predicted by the table and checked too; residual widths where they are in it.
        if (space.Widths is { } widths) space = space with { Widths = [.. widths.Where(w => ((ICostTable)table).AtWidth(w) is not null)] };
        var networks = new List<SubNetwork>();
        // A small space may not hold so many: give up after enough repetitions.
        for (int draw = 0; networks.Count < count && draw < 100 * count; draw++)
            if (space.Random(random) is var network && used.Add(network.ToString())) networks.Add(network);
        return networks.Count >= 3 ? networks
            : throw new FlextronException($"The elastic space has only {space.Size} sub-networks, too few to check a latency table: give it more choices.");
    }
}
