using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Tests.Latency;

/// <summary>A machine made of numbers: additive costs, each run a little off, and a speed that changes over time.</summary>
internal sealed class ScriptedRunner(LatencyKey key, Func<int, double> slowness, int seed = 1) : IWorkloadRunner
{
    private readonly Random random = new(seed);
    private int runs;

    public LatencyKey Key => key;

    public static double PrefillMs(SubNetwork network) => 0.5 + network.Blocks.Sum(b => Attention(b, 1) + Mlp(b, 1));

    public static double StepMs(SubNetwork network) => 0.02 + network.Blocks.Sum(b => Attention(b, 0.1) + Mlp(b, 0.03));

    public WorkloadTiming Whole(SubNetwork network)
    {
        double noise = Noise();
        return new WorkloadTiming(noise * PrefillMs(network), noise * key.Workload.GeneratedTokens * StepMs(network));
    }

    public PartsTiming Parts(SubNetwork network)
    {
        // Reading the clock between parts costs: they add up to more than a whole run, as on real machines.
        double noise = 1.1 * Noise();
        double[] Pass(double fixedMs, double attention, double mlp) =>
            [noise * fixedMs, .. network.Blocks.SelectMany(b => new[] { noise * Attention(b, attention), noise * Mlp(b, mlp) })];
        return new PartsTiming(Pass(0.5, 1, 1), key.Workload.GeneratedTokens == 0 ? [] : [.. Enumerable.Repeat(Pass(0.02, 0.1, 0.03), 3)]);
    }

    public void Dispose()
    {
    }

    private double Noise() => slowness(runs++) * (1 + 0.02 * (random.NextDouble() - 0.5));

    private static double Attention(BlockShape b, double scale) => scale * (0.2 + 0.4 * b.KvGroups);

    private static double Mlp(BlockShape b, double scale) => scale * (0.1 + 0.005 * b.Neurons);
}
