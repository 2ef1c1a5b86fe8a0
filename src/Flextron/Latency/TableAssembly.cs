using Flextron.Elastic;
using Flextron.Models;

namespace Flextron.Latency;

/// <summary>Turns timed passes of one residual width into a table: slow spells divided out, medians by width, made monotone, tied to whole runs phase by phase.</summary>
internal sealed class TableAssembly(IReadOnlyList<ProfileSample> samples, SubNetwork[] calibration, ElasticSpace space, LatencyKey key)
{
    private readonly int generated = key.Workload.GeneratedTokens;

    /// <summary>The table.</summary>
    /// <param name="rounds">Rounds measured.</param>
    /// <param name="slowness">How slow the machine was at each sample.</param>
    public LatencyTable Assemble(int rounds, IReadOnlyList<double> slowness)
    {
        (PartTimings prefill, PartTimings decode) = Timings(slowness);
        Phase prompt = Phase.Of(prefill), step = generated > 0 ? Phase.Of(decode) : Phase.None(prompt);
        IReadOnlyList<EndToEnd.WholeSample> whole = [.. samples.Select(s => s.Whole).OfType<EndToEnd.WholeSample>()];
        double[] wholeSlowness = [.. samples.Select((s, i) => (s, i)).Where(p => p.s.Whole is not null).Select(p => slowness[p.i])];
        double[] Measured(Func<WorkloadTiming, double> part) => [.. EndToEnd.ByNetwork(whole, wholeSlowness, calibration.Length, part).Select(q => q.Median)];
        LatencyCalibration prefillFit = Fit(prompt, Measured(t => t.PrefillMs));
        LatencyCalibration? decodeFit = generated > 0 ? Fit(step, Measured(t => t.DecodeMs / generated)) : null;
        (double a, double b) = (prefillFit.Scale, decodeFit?.Scale ?? 1);
        double fixedPrefill = prefillFit.OffsetMs + a * prompt.Fixed.Median, fixedStep = decodeFit is null ? 0 : decodeFit.OffsetMs + b * step.Fixed.Median;
        LatencyEntry[] Entries(IReadOnlyList<int> widths, Quartiles[] inPrompt, double[] promptMs, Quartiles[] inStep, double[] stepMs) =>
            [.. widths.Select((w, i) => new LatencyEntry(w, a * promptMs[i] + generated * b * stepMs[i], a * promptMs[i], b * stepMs[i], inPrompt[i], generated > 0 ? inStep[i] : null))
                // A skipped part needs no entry: it costs nothing.
                .Where(e => e.Width > 0)];

        return new LatencyTable
        {
            Key = key,
            FixedMs = fixedPrefill + generated * fixedStep, FixedPrefillMs = fixedPrefill, FixedStepMs = fixedStep,
            FixedPrefill = prompt.Fixed, FixedDecodeStep = generated > 0 ? step.Fixed : null,
            Attention = Entries(space.KvGroups, prompt.Attention, prompt.AttentionMs, step.Attention, step.AttentionMs),
            Mlp = Entries(space.Neurons, prompt.Mlp, prompt.MlpMs, step.Mlp, step.MlpMs),
            Rounds = rounds, Calibration = prefillFit, DecodeCalibration = decodeFit,
        };
    }

    private LatencyCalibration Fit(Phase phase, double[] measured)
    {
        double[] sums = [.. calibration.Select(n => phase.Fixed.Median + n.Blocks.Sum(b =>
            phase.AttentionMs[space.KvGroups.IndexOf(b.KvGroups)] + phase.MlpMs[space.Neurons.IndexOf(b.Neurons)]))];
        return LatencyCalibration.Fit([.. calibration.Select(n => n.ToString())], sums, measured, phase.Fixed.Median, withOffset: key.Device != "cpu");
    }

    /// <summary>Each sample's time ÷ what is usual for its network.</summary>
    public double[] Ratios()
    {
        (PartTimings prefill, PartTimings decode) = Timings(null);
        (double[] expectedPrefill, double[] expectedDecode) = (prefill.Expected(), decode.Expected());
        double[] wholeMedians = [.. EndToEnd.ByNetwork([.. samples.Select(s => s.Whole).OfType<EndToEnd.WholeSample>()], null, calibration.Length, t => t.TotalMs).Select(q => q.Median)];
        (int pass, int step) = (0, 0);
        double[] ratios = new double[samples.Count];
        for (int i = 0; i < ratios.Length; i++)
        {
            if (samples[i].Whole is { } whole)
            {
                ratios[i] = whole.Timing.TotalMs / wholeMedians[whole.Index];
                continue;
            }
            PartsTiming parts = samples[i].Parts!;
            (double time, double expected) = (parts.PrefillMs.Sum(), expectedPrefill[pass++]);
            foreach (double[] stepMs in parts.StepsMs) (time, expected) = (time + stepMs.Sum(), expected + expectedDecode[step++]);
            ratios[i] = time / expected;
        }
        return ratios;
    }

    private (PartTimings Prefill, PartTimings Decode) Timings(IReadOnlyList<double>? slowness)
    {
        (var prefill, var decode) = (new PartTimings(space), new PartTimings(space));
        for (int i = 0; i < samples.Count; i++)
        {
            if (samples[i].Parts is not { } parts) continue;
            prefill.Add(samples[i].Network, parts.PrefillMs, slowness?[i] ?? 1);
            foreach (double[] step in parts.StepsMs) decode.Add(samples[i].Network, step, slowness?[i] ?? 1);
        }
        return (prefill, decode);
    }

    /// <summary>Medians of one phase; in milliseconds they are monotone, because noise must not make a wider part cheaper than a narrower one.</summary>
    private sealed record Phase(Quartiles Fixed, Quartiles[] Attention, double[] AttentionMs, Quartiles[] Mlp, double[] MlpMs)
    {
        public static Phase Of(PartTimings timings)
        {
            (Quartiles[] attention, Quartiles[] mlp) = (timings.Attention(), timings.Mlp());
            return new Phase(timings.Fixed(), attention, Monotone(attention), mlp, Monotone(mlp));
        }

        public static Phase None(Phase like) => like with { AttentionMs = new double[like.AttentionMs.Length], MlpMs = new double[like.MlpMs.Length] };

        private static double[] Monotone(Quartiles[] quartiles) => IsotonicRegression.NonDecreasing([.. quartiles.Select(q => q.Median)]);
    }
}
