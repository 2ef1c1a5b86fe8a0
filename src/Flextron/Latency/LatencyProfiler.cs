using System.Diagnostics;
using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;

namespace Flextron.Latency;

/// <summary>Measures latency tables (FLEXTRON, ICML 2024, section 3.3).</summary>
/// <remarks>
/// Parts are timed inside whole forward passes over chains of random widths, not alone in a loop, where they would find their data hotter in
/// the processor's caches than in real use. In each round every block passes through every width once (a Latin design), rounds are shuffled,
/// whole runs of a few calibration networks are interleaved, and spells of slowness are divided out. Prompt and decode steps are timed and
/// calibrated apart. Where the residual stream may be narrower, each of its widths is measured the same way and has a table of its own.
/// </remarks>
public static class LatencyProfiler
{
    /// <summary>Measures a table of a model run by libtorch.</summary>
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
        settings ??= new ProfileSettings();
        space.ValidatedFor(model.Config, "Profiling");
        using var runner = new TorchWorkloadRunner(model, workload ?? LatencyWorkload.For(model.Config), settings.Seed);
        return Profile(runner, space, settings, progress, cancellation);
    }

    /// <summary>Measures a table of whatever the runner executes.</summary>
    /// <param name="runner">Runs the workload.</param>
    /// <param name="space">Widths to measure; the model's.</param>
    /// <param name="settings">How carefully.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    public static LatencyTable Profile(
        IWorkloadRunner runner,
        ElasticSpace space,
        ProfileSettings? settings = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(space);
        settings = (settings ?? new ProfileSettings()).Validated();
        // Null is the whole residual width; narrower ones are measured in the same rounds, so that a spell of slowness hits all of them.
        int?[] widths = [null, .. (space.Widths ?? []).Reverse().Skip(1).Select(w => (int?)w)];
        space = space.Blockwise;
        SubNetwork[] calibration = CalibrationNetworks(space, settings);
        SubNetwork[][] calibrations = [.. widths.Select(w => calibration.Select(n => new SubNetwork(n.Blocks, w)).ToArray())];
        Random random = Seeds.Stream(settings.Seed, "profile order");
        progress?.Report(new StageProgress("profiling", 0, settings.MinimumRounds, "warming up"));
        EndToEnd.WarmUp(runner, [.. calibrations.SelectMany(c => c)], settings);
        // In the order of time, each with the index of its width.
        var samples = new List<(int Width, ProfileSample Sample)>();
        var clock = Stopwatch.StartNew();
        int rounds = 0;
        bool known = false;
        while (rounds == 0
            || (clock.Elapsed.TotalSeconds < settings.MaximumSeconds
                && (rounds < settings.MinimumRounds || (!known && rounds < settings.MaximumRounds && clock.Elapsed.TotalSeconds < settings.Seconds))))
        {
            cancellation.ThrowIfCancellationRequested();
            (SubNetwork Network, int Width, int Calibration)[] round = [.. widths.SelectMany((width, w) =>
                (IEnumerable<(SubNetwork, int, int)>)[.. Design(space, random).Select(n => (new SubNetwork(n.Blocks, width), w, -1)), .. calibrations[w].Select((n, i) => (n, w, i))])];
            random.Shuffle(round);
            foreach ((SubNetwork network, int w, int index) in round)
            {
                samples.Add((w, index < 0
                    ? new ProfileSample(network, runner.Parts(network), null)
                    : new ProfileSample(network, null, EndToEnd.Time(() => runner.Whole(network), index, settings))));
            }
            rounds++;
            known = settings.Precision > 0 && rounds >= settings.MinimumRounds && Error() <= settings.Precision;
            progress?.Report(new StageProgress("profiling", rounds, Math.Max(rounds, settings.MinimumRounds),
                string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds:0} of about {settings.Seconds:0} s")));
        }
        TableAssembly[] assemblies = [.. widths.Select((_, w) => new TableAssembly([.. samples.Where(s => s.Width == w).Select(s => s.Sample)], calibrations[w], space, runner.Key))];
        // A spell of slowness is seen in the samples of all widths together.
        IEnumerator<double>[] ratios = [.. assemblies.Select(a => a.Ratios().AsEnumerable().GetEnumerator())];
        double[] slowness = LoadDrift.Factors([.. samples.Select(s => ratios[s.Width].MoveNext() ? ratios[s.Width].Current : throw new InvalidOperationException())]);
        LatencyTable[] tables = [.. widths.Select((width, w) =>
            assemblies[w].Assemble(rounds, [.. slowness.Where((_, i) => samples[i].Width == w)]) with { ResidualWidth = width })];
        double error = Error();
        return tables[0] with { Narrower = tables.Length == 1 ? null : tables[1..], Precision = double.IsFinite(error) ? error : null };

        // That of the least well known whole run, of whatever width.
        double Error() => EndToEnd.MedianErrors(
            [.. samples.Where(s => s.Sample.Whole is not null).Select(s => s.Sample.Whole!.Value with { Index = s.Width * calibration.Length + s.Sample.Whole.Value.Index })],
            widths.Length * calibration.Length).Max();
    }

    private static SubNetwork[] CalibrationNetworks(ElasticSpace space, ProfileSettings settings)
    {
        Random random = Seeds.Stream(settings.Seed, "calibration networks");
        return [.. new[] { space.Smallest, space.Largest }.Concat(Enumerable.Range(0, settings.CalibrationNetworks).Select(_ => space.Random(random))).Distinct()];
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
}
