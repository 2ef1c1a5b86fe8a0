using System.Collections.Immutable;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Planning;

/// <summary>
/// What a batch costs a network, by its size, from latency tables measured with different batch sizes: between them it is interpolated, below the smallest the
/// smallest counts (a smaller batch does not cost more), beyond the largest nothing is known. A prompt costs in proportion to its length, which errs on the
/// safe side for shorter ones: attention's share grows faster than the length.
/// </summary>
public sealed class BatchLatency
{
    private readonly ImmutableArray<Point> points;

    /// <summary>From measured points.</summary>
    /// <param name="points">Batch size, ms per prompt token, ms per decode step; of any order.</param>
    /// <param name="maximumPromptTokens">Longest prompt they hold for.</param>
    /// <param name="maximumTokens">Longest prompt and answer together.</param>
    /// <exception cref="FlextronException">No points, a size twice, or a cost that is not positive.</exception>
    public BatchLatency(IEnumerable<(int Batch, double PromptTokenMs, double StepMs)> points, int maximumPromptTokens, int maximumTokens)
    {
        var sorted = new List<Point>();
        foreach ((int batch, double prompt, double step) in points.OrderBy(p => p.Batch))
        {
            if (batch < 1 || (sorted.Count > 0 && sorted[^1].Batch == batch)) throw new FlextronException($"A batch of {batch} is measured twice or is not possible: give tables of different batch sizes.");
            if (!(prompt > 0 && step > 0 && double.IsFinite(prompt) && double.IsFinite(step))) throw new FlextronException($"The costs of a batch of {batch} are {prompt} ms and {step} ms: measure the table again.");
            // A larger batch measured faster is noise; a plan that relied on it would miss deadlines.
            Point before = sorted.Count > 0 ? sorted[^1] : default;
            sorted.Add(new Point(batch, Math.Max(prompt, before.PromptTokenMs), Math.Max(step, before.StepMs)));
        }
        if (sorted.Count == 0) throw new FlextronException("A plan needs at least one latency table: run `flextron profile` with --generated-tokens.");
        this.points = [.. sorted];
        (MaximumPromptTokens, MaximumTokens) = (maximumPromptTokens, maximumTokens);
    }

    /// <summary>Largest batch that was measured.</summary>
    public int MaximumBatch => points[^1].Batch;

    /// <summary>Longest prompt that was measured.</summary>
    public int MaximumPromptTokens { get; }

    /// <summary>Longest prompt and answer together.</summary>
    public int MaximumTokens { get; }

    /// <summary>The costs of a network.</summary>
    /// <param name="tables">Measured with generation on one machine, one model and one engine, each with another batch size.</param>
    /// <param name="network">Which network.</param>
    /// <exception cref="FlextronException">A table is without generation, or they differ in more than the workload.</exception>
    public static BatchLatency Of(IReadOnlyList<LatencyTable> tables, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(tables);
        ArgumentNullException.ThrowIfNull(network);
        foreach (LatencyTable table in tables.Skip(1))
        {
            if (tables[0].Key.DifferenceTo(table.Key with { Workload = tables[0].Key.Workload }) is { } difference)
                throw new FlextronException($"The latency tables differ in their {difference}: give tables of one model on one machine.");
        }
        // What all tables cover.
        int prompt = tables.Count == 0 ? 0 : tables.Min(t => t.Key.Workload.PromptTokens);
        int all = tables.Count == 0 ? 0 : tables.Min(t => t.Key.Workload.PromptTokens + t.Key.Workload.GeneratedTokens);
        return new BatchLatency(
            tables.Select(t => (t.Key.Workload.Batch, t.PrefillCosts().Cost(network) / t.Key.Workload.PromptTokens, t.DecodeStepCosts().Cost(network))), prompt, all);
    }

    /// <summary>Time to read a batch of prompts, padded to one length, ms.</summary>
    public double PromptMs(int batch, int promptTokens) => promptTokens * At(batch, p => p.PromptTokenMs);

    /// <summary>Time of one decode step of a batch, ms.</summary>
    public double StepMs(int batch) => At(batch, p => p.StepMs);

    private double At(int batch, Func<Point, double> cost)
    {
        if (batch < 1 || batch > MaximumBatch) throw new ArgumentOutOfRangeException(nameof(batch), batch, $"Measured are batches up to {MaximumBatch}.");
        int next = 0;
        while (points[next].Batch < batch) next++;
        Point b = points[next];
        if (next == 0 || b.Batch == batch) return cost(b);
        Point a = points[next - 1];
        return cost(a) + (cost(b) - cost(a)) * (batch - a.Batch) / (b.Batch - a.Batch);
    }

    private readonly record struct Point(int Batch, double PromptTokenMs, double StepMs);
}
