using System.Diagnostics;
using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Latency;

/// <summary>Measures latency tables (FLEXTRON, ICML 2024, section 3.3) and whole runs.</summary>
/// <remarks>
/// Parts are timed inside whole forward passes over chains of random widths, not alone in a loop, where they would find their data hotter in
/// the processor's caches than in real use. In each round every block passes through every width once (a Latin design), rounds are shuffled,
/// whole runs of a few calibration networks are interleaved, and spells of slowness are divided out.
/// </remarks>
public static class LatencyProfiler
{
    // Steps at one context length differ little, so a few samples stand for a long generation.
    private const int DecodeSamples = 8;

    /// <summary>Measures a table.</summary>
    /// <param name="model">On its device, in its dtype.</param>
    /// <param name="space">Widths to measure.</param>
    /// <param name="workload">What to run; <see cref="LatencyWorkload.For"/> by default.</param>
    /// <param name="settings">How carefully.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <exception cref="FlextronException">The space or the workload does not fit the model.</exception>
    public static LatencyTable Profile(
        DecoderModel model,
        ElasticSpace space,
        LatencyWorkload? workload = null,
        ProfileSettings? settings = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(space);
        settings = (settings ?? new ProfileSettings()).Validated();
        workload = (workload ?? LatencyWorkload.For(model.Config)).ValidatedFor(model.Config);
        space = space.Blockwise.ValidatedFor(model.Config, "Profiling");
        using var noGrad = no_grad();
        using var run = new WorkloadRun(model, workload, settings.Seed);
        SubNetwork[] calibration = CalibrationNetworks(space, settings);
        Random random = Seeds.Stream(settings.Seed, "profile order");
        WarmUp(run, model, calibration, settings);

        var samples = new List<Sample>();
        var clock = Stopwatch.StartNew();
        int rounds = 0;
        while (rounds < settings.MinimumRounds || (rounds < settings.MaximumRounds && clock.Elapsed.TotalSeconds < settings.Seconds))
        {
            cancellation.ThrowIfCancellationRequested();
            (SubNetwork Network, int Calibration)[] round =
                [.. Design(space, random).Select(n => (n, -1)), .. calibration.Select((n, i) => (n, i))];
            random.Shuffle(round);
            foreach ((SubNetwork network, int index) in round)
                samples.Add(index < 0 ? TimeParts(run, model, network, workload) : TimeWhole(run, network, index, settings));
            rounds++;
            progress?.Report(new StageProgress("profiling", rounds, Math.Max(rounds, settings.MinimumRounds),
                string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds:0} of about {settings.Seconds:0} s")));
        }
        return Assemble(samples, calibration, space, LatencyKey.Of(model, workload), rounds);
    }

    /// <summary>Times whole runs through <see cref="DecoderModel.ForwardLast"/>, with a cache where tokens are generated, interleaved in shuffled rounds.</summary>
    /// <param name="model">The model.</param>
    /// <param name="subNetworks">What to run.</param>
    /// <param name="workload">The workload.</param>
    /// <param name="settings">Rounds and time; every network runs at least <see cref="ProfileSettings.MinimumRounds"/> times.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <returns>Milliseconds per workload, in the order given.</returns>
    public static IReadOnlyList<Quartiles> MeasureEndToEnd(
        DecoderModel model,
        IReadOnlyList<SubNetwork> subNetworks,
        LatencyWorkload workload,
        ProfileSettings? settings = null,
        IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(subNetworks);
        ArgumentNullException.ThrowIfNull(workload);
        settings = (settings ?? new ProfileSettings()).Validated();
        using var noGrad = no_grad();
        using var run = new WorkloadRun(model, workload, settings.Seed);
        WarmUp(run, model, subNetworks, settings);
        Random random = Seeds.Stream(settings.Seed, "end-to-end order");
        int[] order = [.. Enumerable.Range(0, subNetworks.Count)];
        var samples = new List<Sample>();
        var clock = Stopwatch.StartNew();
        for (int round = 0; round < settings.MinimumRounds || (round < settings.MaximumRounds && clock.Elapsed.TotalSeconds < settings.Seconds); round++)
        {
            random.Shuffle(order);
            foreach (int i in order) samples.Add(TimeWhole(run, subNetworks[i], i, settings));
            progress?.Report(new StageProgress("timing sub-networks", round + 1, Math.Max(round + 1, settings.MinimumRounds)));
        }
        double[] median = [.. Whole(samples, null, subNetworks.Count).Select(q => q.Median)];
        double[] slowness = LoadDrift.Factors([.. samples.Select(s => s.WholeMs / median[s.Index])]);
        return Whole(samples, slowness, subNetworks.Count);
    }

    private static SubNetwork[] CalibrationNetworks(ElasticSpace space, ProfileSettings settings)
    {
        Random random = Seeds.Stream(settings.Seed, "calibration networks");
        return [.. new[] { space.Smallest, space.Largest }.Concat(Enumerable.Range(0, settings.CalibrationNetworks).Select(_ => space.Random(random))).Distinct()];
    }

    private static void WarmUp(WorkloadRun run, DecoderModel model, IReadOnlyList<SubNetwork> networks, ProfileSettings settings)
    {
        var clock = Stopwatch.StartNew();
        foreach (SubNetwork network in Repeat(networks).TakeWhile((_, i) => i < networks.Count || clock.Elapsed.TotalSeconds < settings.WarmUpSeconds))
        {
            using KvCache? cache = run.NewCache(network);
            run.Prefill(model.View(network), cache);
            if (cache is not null) run.DecodeStep(model.View(network), cache);
            run.Whole(network, cache);
        }
    }

    private static IEnumerable<SubNetwork> Repeat(IReadOnlyList<SubNetwork> networks)
    {
        for (int i = 0; ; i = (i + 1) % networks.Count) yield return networks[i];
    }

    // As many networks as the longer axis has widths; every block takes every width of both axes (the shorter axis repeats).
    private static SubNetwork[] Design(ElasticSpace space, Random random)
    {
        int count = Math.Max(space.KvGroups.Length, space.Neurons.Length);
        var shapes = new BlockShape[space.BlockCount][];
        for (int b = 0; b < shapes.Length; b++)
        {
            int[] groups = Permutation(space.KvGroups), neurons = Permutation(space.Neurons);
            shapes[b] = [.. groups.Zip(neurons, (g, n) => new BlockShape(g, n))];
        }
        return [.. Enumerable.Range(0, count).Select(i => new SubNetwork(shapes.Select(s => s[i])))];

        int[] Permutation(IReadOnlyList<int> widths)
        {
            int[] all = [.. Enumerable.Range(0, count).Select(i => widths[i % widths.Count])];
            random.Shuffle(all);
            return all;
        }
    }

    private static Sample TimeParts(WorkloadRun run, DecoderModel model, SubNetwork network, LatencyWorkload workload)
    {
        WeightView view = model.View(network);
        using KvCache? cache = run.NewCache(network);
        double[] prefill = run.Prefill(view, cache);
        double[][] steps = cache is null ? [] : [.. Enumerable.Range(0, Math.Min(DecodeSamples, workload.GeneratedTokens)).Select(_ => run.DecodeStep(view, cache))];
        return new Sample(network, -1, prefill, steps, 0);
    }

    private static Sample TimeWhole(WorkloadRun run, SubNetwork network, int index, ProfileSettings settings)
    {
        using KvCache? cache = run.NewCache(network);
        (double sum, int count) = (0, 0);
        do (sum, count) = (sum + run.Whole(network, cache), count + 1);
        while (sum < settings.MinimumWindowMs);
        return new Sample(network, index, [], [], sum / count);
    }

    private static LatencyTable Assemble(List<Sample> samples, SubNetwork[] calibration, ElasticSpace space, LatencyKey key, int rounds)
    {
        int generated = key.Workload.GeneratedTokens;
        double[] slowness = Slowness(samples, calibration.Length, space);
        (PartTimings prefill, PartTimings decode) = Timings(samples, slowness, space);
        (Quartiles fixedPrefill, Quartiles? fixedDecode) = (prefill.Fixed(), generated > 0 ? decode.Fixed() : null);
        LatencyEntry[] attention = Entries(space.KvGroups, prefill.Attention(), generated > 0 ? decode.Attention() : null, generated);
        LatencyEntry[] mlp = Entries(space.Neurons, prefill.Mlp(), generated > 0 ? decode.Mlp() : null, generated);
        double fixedMs = fixedPrefill.Median + generated * (fixedDecode?.Median ?? 0);
        var raw = new LatencyTable
        {
            Key = key, FixedMs = fixedMs, FixedPrefill = fixedPrefill, FixedDecodeStep = fixedDecode, Attention = attention, Mlp = mlp, Rounds = rounds,
            Calibration = new LatencyCalibration(1, 0, [], []),
        };
        double[] sums = [.. calibration.Select(((ICostTable)raw).Cost)];
        double[] measured = [.. Whole(samples, slowness, calibration.Length).Select(q => q.Median)];
        LatencyCalibration fit = LatencyCalibration.Fit([.. calibration.Select(n => n.ToString())], sums, measured, fixedMs, withOffset: key.Device != "cpu");
        return raw with
        {
            FixedMs = fit.OffsetMs + fit.Scale * fixedMs,
            Attention = [.. attention.Select(e => e with { CostMs = fit.Scale * e.CostMs })],
            Mlp = [.. mlp.Select(e => e with { CostMs = fit.Scale * e.CostMs })],
            Calibration = fit,
        };
    }

    private static LatencyEntry[] Entries(IReadOnlyList<int> widths, Quartiles[] prefill, Quartiles[]? decode, int generated)
    {
        // Noise must not make a wider part cheaper than a narrower one.
        double[] cost = IsotonicRegression.NonDecreasing([.. prefill.Select((q, i) => q.Median + generated * (decode?[i].Median ?? 0))]);
        // A skipped part needs no entry: it costs nothing.
        return [.. widths.Select((w, i) => new LatencyEntry(w, cost[i], prefill[i], decode?[i])).Where(e => e.Width > 0)];
    }

    private static double[] Slowness(List<Sample> samples, int calibrationCount, ElasticSpace space)
    {
        double[] flat = [.. Enumerable.Repeat(1.0, samples.Count)];
        (PartTimings prefill, PartTimings decode) = Timings(samples, flat, space);
        (double[] expectedPrefill, double[] expectedDecode) = (prefill.Expected(), decode.Expected());
        double[] wholeMedians = [.. Whole(samples, null, calibrationCount).Select(q => q.Median)];
        (int pass, int step) = (0, 0);
        double[] ratios = new double[samples.Count];
        for (int i = 0; i < ratios.Length; i++)
        {
            Sample s = samples[i];
            if (s.Index >= 0)
            {
                ratios[i] = s.WholeMs / wholeMedians[s.Index];
                continue;
            }
            (double time, double expected) = (s.Prefill.Sum(), expectedPrefill[pass++]);
            foreach (double[] parts in s.DecodeSteps) (time, expected) = (time + parts.Sum(), expected + expectedDecode[step++]);
            ratios[i] = time / expected;
        }
        return LoadDrift.Factors(ratios);
    }

    private static (PartTimings Prefill, PartTimings Decode) Timings(List<Sample> samples, double[] slowness, ElasticSpace space)
    {
        (var prefill, var decode) = (new PartTimings(space), new PartTimings(space));
        for (int i = 0; i < samples.Count; i++)
        {
            if (samples[i].Index >= 0) continue;
            prefill.Add(samples[i].Network, samples[i].Prefill, slowness[i]);
            foreach (double[] parts in samples[i].DecodeSteps) decode.Add(samples[i].Network, parts, slowness[i]);
        }
        return (prefill, decode);
    }

    private static Quartiles[] Whole(List<Sample> samples, double[]? slowness, int count) =>
        [.. Enumerable.Range(0, count).Select(index => Quartiles.Of(
            [.. samples.Select((s, i) => (s, i)).Where(p => p.s.Index == index).Select(p => p.s.WholeMs / (slowness?[p.i] ?? 1))]))];

    private sealed record Sample(SubNetwork Network, int Index, double[] Prefill, double[][] DecodeSteps, double WholeMs);
}
