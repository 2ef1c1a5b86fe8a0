using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Tests.Latency;

/// <summary>A machine made of numbers: additive costs, less with a narrower residual stream, each run a little off, and a speed that changes over time.</summary>
internal sealed class ScriptedRunner(LatencyKey key, Func<int, double> slowness, int seed = 1) : IWorkloadRunner
{
    private readonly Random random = new(seed);
    private int runs;

    public LatencyKey Key => key;

    public static double PrefillMs(SubNetwork network) => 0.5 + Share(network) * network.Blocks.Sum(b => Attention(b, 1) + Mlp(b, 1));

    public static double StepMs(SubNetwork network) => 0.02 + Share(network) * network.Blocks.Sum(b => Attention(b, 0.1) + Mlp(b, 0.03));

    public WorkloadTiming Whole(SubNetwork network)
    {
        double noise = Noise();
        return new WorkloadTiming(noise * PrefillMs(network), noise * key.Workload.GeneratedTokens * StepMs(network));
    }

    public PartsTiming Parts(SubNetwork network)
    {
        // Reading the clock between parts costs: they add up to more than a whole run, as on real machines.
        double noise = 1.1 * Noise(), share = Share(network);
        double[] Pass(double fixedMs, double attention, double mlp) =>
            [noise * fixedMs, .. network.Blocks.SelectMany(b => new[] { noise * share * Attention(b, attention), noise * share * Mlp(b, mlp) })];
        return new PartsTiming(Pass(0.5, 1, 1), key.Workload.GeneratedTokens == 0 ? [] : [.. Enumerable.Repeat(Pass(0.02, 0.1, 0.03), 3)]);
    }

    public void Dispose()
    {
    }

    private double Noise() => slowness(runs++) * (1 + 0.02 * (random.NextDouble() - 0.5));

    // Half the channels cost 0.6 of the whole.
    private static double Share(SubNetwork network) => network.Width is { } width ? 0.2 + 0.8 * width / 32 : 1;

    private static double Attention(BlockShape b, double scale) => b.KvGroups == 0 ? 0 : scale * (0.2 + 0.4 * b.KvGroups);

    private static double Mlp(BlockShape b, double scale) => b.Neurons == 0 ? 0 : scale * (0.1 + 0.005 * b.Neurons);
}
