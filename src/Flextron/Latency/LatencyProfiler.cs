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
/// calibrated apart.
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
        space = space.Blockwise;
        SubNetwork[] calibration = CalibrationNetworks(space, settings);
        Random random = Seeds.Stream(settings.Seed, "profile order");
        EndToEnd.WarmUp(runner, calibration, settings);
        var samples = new List<ProfileSample>();
        var clock = Stopwatch.StartNew();
        int rounds = 0;
        while (rounds < settings.MinimumRounds || (rounds < settings.MaximumRounds && clock.Elapsed.TotalSeconds < settings.Seconds))
        {
            cancellation.ThrowIfCancellationRequested();
            (SubNetwork Network, int Calibration)[] round =
                [.. Design(space, random).Select(n => (n, -1)), .. calibration.Select((n, i) => (n, i))];
            random.Shuffle(round);
            foreach ((SubNetwork network, int index) in round)
            {
                samples.Add(index < 0
                    ? new ProfileSample(network, runner.Parts(network), null)
                    : new ProfileSample(network, null, EndToEnd.Time(() => runner.Whole(network), index, settings)));
            }
            rounds++;
            progress?.Report(new StageProgress("profiling", rounds, Math.Max(rounds, settings.MinimumRounds),
                string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds:0} of about {settings.Seconds:0} s")));
        }
        return new TableAssembly(samples, calibration, space, runner.Key).Assemble(rounds);
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
