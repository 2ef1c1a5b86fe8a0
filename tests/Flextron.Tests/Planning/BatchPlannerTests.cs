using Flextron.Mixers;
using Flextron.Models;
using Flextron.Planning;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Planning;

public sealed class BatchPlannerTests
{
    [Fact]
    public void ThePlanIsTheBestOfAllSubsetsAndNetworks()
    {
        var random = new Random(1);
        (int served, int refused) = (0, 0);
        for (int trial = 0; trial < 300; trial++)
        {
            BatchRequest[] requests = [.. Enumerable.Range(0, random.Next(1, 9)).Select(i => new BatchRequest($"r{i}", random.Next(1, 30), random.Next(0, 20), random.Next(5, 120))
            {
                Value = trial % 3 == 0 ? random.Next(1, 5) : 1, MaximumLoss = random.Next(3) == 0 ? 2 + random.NextDouble() : null,
            })];
            ServedNetwork[] networks = [.. Enumerable.Range(1, 3).Select(n => new ServedNetwork(
                $"n{n}", 100 * n, n, new BatchLatency([(1, 0.1 * n, 0.5 * n), (4, 0.2 * n, 0.9 * n), (6, 0.4 * n, 1.5 * n)], 25, 40), 3.2 - 0.4 * n) { StateBytesPerSequence = trial % 4 * 20 })];
            double memory = random.Next(150, 900);

            BatchPlan plan = BatchPlanner.Plan(requests, networks, memory);
            (double value, double completion) = Exhaustive(requests, networks, memory);

            Assert.True(plan.IsOptimal);
            Assert.Equal(value, plan.Value, 1e-9);
            Assert.Equal(completion, plan.CompletionMs, 1e-9);
            Assert.Equal(value > 0, plan.Network is not null);
            if (plan.Network is null)
            {
                refused++;
                continue;
            }
            served++;
            BatchRequest[] members = [.. requests.Where(r => plan.Requests.Contains(r.Name))];
            ServedNetwork network = networks.Single(n => n.Name == plan.Network);
            Assert.True(Fits(members, network, memory, out double bytes, out _));
            Assert.Equal(bytes, plan.Bytes, 1e-9);
            Assert.Equal(members.Max(r => r.PromptTokens), plan.PaddedPromptTokens);
        }
        Assert.True(served > 200 && refused > 3, $"{served} served, {refused} not");
    }

    [Fact]
    public void PruningVisitsFarFewerNodesThanThereAreSubsets()
    {
        var random = new Random(2);
        BatchRequest[] requests = [.. Enumerable.Range(0, 24).Select(i => new BatchRequest($"r{i}", random.Next(1, 100), random.Next(1, 50), random.Next(50, 400)))];
        var network = new ServedNetwork("whole", 1000, 4, new BatchLatency([(1, 0.1, 1), (16, 0.8, 4)], 128, 256));
        BatchPlan plan = BatchPlanner.Plan(requests, [network], 4000);
        Assert.True(plan.IsOptimal && plan.Value > 3 && plan.Nodes < 1 << 18, $"{plan.Nodes} nodes, {plan.Value} served");
    }

    [Fact]
    public void ASearchAtItsLimitSaysSo()
    {
        BatchRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => new BatchRequest($"r{i}", 10 + i, 5, 50 + i))];
        var network = new ServedNetwork("whole", 10, 1, new BatchLatency([(1, 0.1, 1), (8, 0.8, 4)], 128, 256));
        BatchPlan plan = BatchPlanner.Plan(requests, [network], 300, maximumNodes: 3);
        Assert.False(plan.IsOptimal);
        Assert.True(plan.Value > 0);
    }

    [Fact]
    public void CostsBetweenMeasuredBatchesAreInterpolatedAndNoiseDoesNotMakeLargerBatchesCheaper()
    {
        var latency = new BatchLatency([(8, 0.3, 2), (2, 0.1, 3), (4, 0.2, 2.5)], 100, 200);
        Assert.Equal([3, 3, 3], new[] { 1, 2, 8 }.Select(latency.StepMs));
        Assert.Equal([1, 1, 1.5, 2, 2.25, 3], new[] { 1, 2, 3, 4, 5, 8 }.Select(b => Math.Round(latency.PromptMs(b, 10), 9)));
        Assert.Throws<ArgumentOutOfRangeException>(() => latency.StepMs(9));
        Assert.Contains("twice", Assert.Throws<FlextronException>(() => new BatchLatency([(2, 1, 1), (2, 1, 1)], 1, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ImpossibleRequestsAreNamed()
    {
        var network = new ServedNetwork("whole", 10, 1, new BatchLatency([(1, 0.1, 1)], 128, 256));
        string Message(BatchRequest request) => Assert.Throws<FlextronException>(() => BatchPlanner.Plan([request], [network], 100)).Message;
        Assert.Contains("'a': promptTokens is 0", Message(new BatchRequest("a", 0, 1, 1)), StringComparison.Ordinal);
        Assert.Contains("'b': deadlineMs is NaN", Message(new BatchRequest("b", 1, 1, double.NaN)), StringComparison.Ordinal);
        Assert.Contains("'c' limits the loss", Message(new BatchRequest("c", 1, 1, 1) { MaximumLoss = 2 }), StringComparison.Ordinal);
    }

    [Fact]
    public void AStateCountsOnceASequenceAndKeysAndValuesOnceAToken()
    {
        ModelConfig hybrid = RandomLlama.TinyConfig() with { Mixers = MixerPattern.Of(MixerKind.Retention, 2, [1]) };
        var network = ServedNetwork.Of("hybrid", hybrid, SubNetwork.Full(hybrid), [AttentionOffloadTests.Table()], 4);
        // 2 groups of 6 in either block: a matrix of 6 × 6 each in one, a key and a value of 6 each in the other.
        Assert.Equal(2 * 6 * 6 * 4, network.StateBytesPerSequence, 1e-9);
        Assert.Equal(2 * 2 * 6 * 4, network.CacheBytesPerToken, 1e-9);
    }

    private static (double Value, double CompletionMs) Exhaustive(BatchRequest[] requests, ServedNetwork[] networks, double memory)
    {
        (double value, double completion) best = (0, 0);
        foreach (ServedNetwork network in networks)
        {
            for (int set = 1; set < 1 << requests.Length; set++)
            {
                BatchRequest[] members = [.. requests.Where((_, i) => (set >> i & 1) == 1)];
                if (!Fits(members, network, memory, out _, out double done)) continue;
                double value = members.Sum(r => r.Value);
                if (value > best.value || (value == best.value && done < best.completion)) best = (value, done);
            }
        }
        return best;
    }

    private static bool Fits(BatchRequest[] members, ServedNetwork network, double memory, out double bytes, out double done)
    {
        (bytes, done) = (0, 0);
        int batch = members.Length, prompt = members.Max(r => r.PromptTokens);
        if (batch > network.Latency.MaximumBatch || prompt > network.Latency.MaximumPromptTokens) return false;
        if (members.Any(r => prompt + r.GeneratedTokens > network.Latency.MaximumTokens || r.MaximumLoss < network.Loss)) return false;
        double start = network.Latency.PromptMs(batch, prompt), step = network.Latency.StepMs(batch);
        done = start + step * members.Max(r => r.GeneratedTokens);
        bytes = network.WeightBytes + members.Sum(r => network.StateBytesPerSequence + network.CacheBytesPerToken * (prompt + r.GeneratedTokens));
        return bytes <= memory && members.All(r => start + step * r.GeneratedTokens <= r.DeadlineMs);
    }
}
