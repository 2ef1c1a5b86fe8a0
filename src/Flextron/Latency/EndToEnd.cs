using System.Diagnostics;
using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;

namespace Flextron.Latency;

/// <summary>Times whole runs of sub-networks against each other.</summary>
public static class EndToEnd
{
    // The reference network runs once for so many others: often enough to tell the machine's speed, seldom enough not to double the time.
    private const int NetworksPerReference = 6;

    /// <summary>Times sub-networks in shuffled, interleaved rounds.</summary>
    /// <param name="runner">Runs the workload.</param>
    /// <param name="subNetworks">What to run.</param>
    /// <param name="settings">Rounds and time; every network runs at least <see cref="ProfileSettings.MinimumRounds"/> times.</param>
    /// <param name="reference">A network that is run in between throughout, so that latencies can be stated relative to it.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    public static EndToEndTimings Measure(
        IWorkloadRunner runner,
        IReadOnlyList<SubNetwork> subNetworks,
        ProfileSettings? settings = null,
        SubNetwork? reference = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(subNetworks);
        return Measure([.. subNetworks.Select(n => (Func<WorkloadTiming>)(() => runner.Whole(n)))], settings, reference is null ? null : () => runner.Whole(reference), progress, cancellation);
    }

    /// <summary>Times anything that does the work of a workload.</summary>
    /// <param name="runs">Each does the work once and says how long it took.</param>
    /// <param name="settings">Rounds and time.</param>
    /// <param name="reference">What is run in between throughout.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    public static EndToEndTimings Measure(
        IReadOnlyList<Func<WorkloadTiming>> runs,
        ProfileSettings? settings = null,
        Func<WorkloadTiming>? reference = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(runs);
        settings = (settings ?? new ProfileSettings()).Validated();
        Func<WorkloadTiming>[] all = reference is null ? [.. runs] : [.. runs, reference];
        int count = runs.Count;
        int[] order = [.. Enumerable.Range(0, count)];
        if (reference is not null) order = [.. order, .. Enumerable.Repeat(count, 1 + count / NetworksPerReference)];
        var warm = Stopwatch.StartNew();
        for (int i = 0; i < all.Length || warm.Elapsed.TotalSeconds < settings.WarmUpSeconds; i++) all[i % all.Length]();
        Random random = Seeds.Stream(settings.Seed, "end-to-end order");
        var samples = new List<WholeSample>();
        var clock = Stopwatch.StartNew();
        for (int round = 0; round < settings.MinimumRounds || (round < settings.MaximumRounds && clock.Elapsed.TotalSeconds < settings.Seconds); round++)
        {
            cancellation.ThrowIfCancellationRequested();
            random.Shuffle(order);
            foreach (int i in order) samples.Add(Time(all[i], i, settings));
            if (round + 1 >= settings.MinimumRounds && settings.Precision > 0 && !Narrow()) break;
            progress?.Report(new StageProgress("timing sub-networks", round + 1, Math.Max(round + 1, settings.MinimumRounds)));
        }
        double[] slowness = Slowness();
        IReadOnlyList<Quartiles> Of(Func<WorkloadTiming, double> part) => [.. ByNetwork(samples, slowness, all.Length, part)];
        IReadOnlyList<Quartiles> total = Of(t => t.TotalMs);
        return new EndToEndTimings(
            [.. total.Take(count)], [.. Of(t => t.PrefillMs).Take(count)], [.. Of(t => t.DecodeMs).Take(count)], reference is null ? null : total[count]);

        double[] Slowness() => EndToEnd.Slowness(samples, all.Length);

        // Leaves only what is not known well enough, with the reference in between; false where nothing is left.
        bool Narrow()
        {
            int[] left = [.. MedianErrors(samples, all.Length).Take(count).Select((e, i) => (e, i)).Where(p => p.e > settings.Precision).Select(p => p.i)];
            order = reference is null ? left : [.. left, .. Enumerable.Repeat(count, 1 + left.Length / NetworksPerReference)];
            return left.Length > 0;
        }
    }

    /// <summary>
    /// How well each network's median is known, slow spells divided out: its standard error as a share of it, from the quartiles as of normal noise,
    /// √(π/2) · (upper − lower) / 1.349 / √n. Fewer than three runs say nothing about their noise: infinite.
    /// </summary>
    internal static double[] MedianErrors(IReadOnlyList<WholeSample> samples, int count) =>
        [.. ByNetwork(samples, Slowness(samples, count), count, t => t.TotalMs).Select(q => q.Count < 3 ? double.PositiveInfinity : 0.929 * (q.Upper - q.Lower) / Math.Sqrt(q.Count) / q.Median)];

    private static double[] Slowness(IReadOnlyList<WholeSample> samples, int count)
    {
        double[] median = [.. ByNetwork(samples, null, count, t => t.TotalMs).Select(q => q.Median)];
        return LoadDrift.Factors([.. samples.Select(s => s.Timing.TotalMs / median[s.Index])]);
    }

    internal static void WarmUp(IWorkloadRunner runner, IReadOnlyList<SubNetwork> networks, ProfileSettings settings)
    {
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < networks.Count || clock.Elapsed.TotalSeconds < settings.WarmUpSeconds; i++)
        {
            runner.Parts(networks[i % networks.Count]);
            runner.Whole(networks[i % networks.Count]);
        }
    }

    internal static WholeSample Time(Func<WorkloadTiming> run, int index, ProfileSettings settings)
    {
        (double prefill, double decode, int count) = (0, 0, 0);
        do
        {
            WorkloadTiming timing = run();
            (prefill, decode, count) = (prefill + timing.PrefillMs, decode + timing.DecodeMs, count + 1);
        }
        while (prefill + decode < settings.MinimumWindowMs);
        return new WholeSample(index, new WorkloadTiming(prefill / count, decode / count));
    }

    internal static IEnumerable<Quartiles> ByNetwork(IReadOnlyList<WholeSample> samples, double[]? slowness, int count, Func<WorkloadTiming, double> part)
    {
        var times = Enumerable.Range(0, count).Select(_ => new List<double>()).ToArray();
        for (int i = 0; i < samples.Count; i++) times[samples[i].Index].Add(part(samples[i].Timing) / (slowness?[i] ?? 1));
        return times.Select(Quartiles.Of);
    }

    /// <summary>One timed run of a network.</summary>
    internal readonly record struct WholeSample(int Index, WorkloadTiming Timing);
}
