using System.Globalization;
using Flextron.Data;
using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Progress;

namespace Flextron.Inference;

/// <summary>
/// Measures latency tables of Mixture-of-Depths models. Whole texts are timed in shuffled, interleaved rounds, spells of slowness divided out, with every number of routed
/// blocks that tokens may pass; then the table is checked on texts of which every routed block lets another share pass, and on what the model's own routers decide.
/// </summary>
public static class MixtureLatencyProfiler
{
    /// <summary>Measures a table and checks it.</summary>
    /// <param name="runner">Runs the workload.</param>
    /// <param name="mixture">Whose runner that is.</param>
    /// <param name="check">Held-out combinations of shares, at least 3.</param>
    /// <param name="settings">How carefully; the check takes as long again.</param>
    /// <param name="progress">Reports rounds.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    public static MixtureLatencyTable Profile(
        MixtureWorkloadRunner runner, MixtureSettings mixture, int check = 30, ProfileSettings? settings = null, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentOutOfRangeException.ThrowIfLessThan(check, 3);
        settings = (settings ?? new ProfileSettings()).Validated();
        int routed = runner.Routed.Count, steps = runner.Key.Workload.GeneratedTokens, prompt = runner.Key.Workload.PromptTokens;
        Random random = Seeds.Stream(settings.Seed, "depths");
        bool[][] depths = [.. Enumerable.Range(0, routed + 1).Select(count => runner.Passing(count, random))];
        Func<WorkloadTiming> Run(bool[] passes) => () => runner.Run(passes);
        EndToEndTimings timed = EndToEnd.Measure([.. depths.Select(Run), runner.RunDense], settings, progress: progress, cancellation: cancellation);
        DepthLatency Of(int i, int passed) => new(passed, timed.Prefill[i], timed.Decode[i].Over(steps));
        var table = new MixtureLatencyTable
        {
            MixtureVersion = MixtureLatencyTable.CurrentVersion, Key = runner.Key, Mixture = mixture, Depths = [.. depths.Select((_, i) => Of(i, i))], Dense = Of(routed + 1, routed),
        };

        (string Name, bool[] Passes)[] heldOut = [.. Enumerable.Range(0, check).Select(_ =>
        {
            double[] shares = [.. Enumerable.Range(0, routed).Select(_ => random.NextDouble())];
            return (string.Join(' ', shares.Select(s => s.ToString("0.00", CultureInfo.InvariantCulture))), runner.Passing(shares, random));
        }), ("the model's own routers", runner.Own())];
        // What passes everywhere is run in between throughout: it tells the machine's speed.
        EndToEndTimings checkedAt = EndToEnd.Measure([.. heldOut.Select(h => Run(h.Passes))], settings, Run(depths[^1]), progress, cancellation);
        double slowdown = checkedAt.Slowdown(table.Predict(routed, routed));
        double Mean(int i, int from, int count) => (double)heldOut[i].Passes.AsSpan(from * routed, count * routed).Count(true) / count;
        HonestyReport Compare(Func<int, double> predicted, IReadOnlyList<Quartiles> measured) =>
            HonestyReport.Of([.. Enumerable.Range(0, check).Select(i => new HonestyPair(heldOut[i].Name, predicted(i), measured[i].Median / slowdown))]) with { Slowdown = slowdown };
        double Prefill(int i) => table.PrefillMs(Mean(i, 0, prompt));
        double Decode(int i) => steps * table.StepMs(Mean(i, prompt, steps));
        double Whole(int i) => Prefill(i) + Decode(i);
        return table with
        {
            HeldOut = Compare(Whole, checkedAt.Total) with { Prefill = Compare(Prefill, checkedAt.Prefill), Decode = Compare(Decode, checkedAt.Decode) },
            Own = new OwnDepths(Mean(check, 0, runner.Tokens) / routed, Whole(check), checkedAt.Total[check].Median / slowdown),
        };
    }
}
