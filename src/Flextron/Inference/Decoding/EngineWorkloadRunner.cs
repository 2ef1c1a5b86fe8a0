using System.Diagnostics;
using Flextron.Data;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>Runs a workload of one sequence on the CPU decode engine, prompt and decode steps alike: what generating a text on the CPU takes.</summary>
public sealed class EngineWorkloadRunner : IWorkloadRunner
{
    // Steps at one context length differ little, so a few samples stand for a long generation.
    private const int DecodeSamples = 8;

    private readonly LatencyWorkload workload;
    private readonly DecodeSession session;
    private readonly PartClock clock;
    private readonly int[] prompt, generated;

    /// <summary>Prepares random token ids and a session.</summary>
    /// <param name="engine">Made of the model, with the weight format that is to be measured; it must outlive the runner.</param>
    /// <param name="model">The model.</param>
    /// <param name="workload">What to run; <see cref="LatencyWorkload.Decoding"/> by default.</param>
    /// <param name="seed">Which ids.</param>
    /// <exception cref="FlextronException">The workload does not fit the model, or has more than one sequence.</exception>
    public EngineWorkloadRunner(DecodeEngine engine, DecoderModel model, LatencyWorkload? workload = null, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(model);
        this.workload = workload = (workload ?? LatencyWorkload.Decoding(model.Config)).ValidatedFor(model.Config);
        if (workload.Batch != 1)
            throw new FlextronException($"The decode engine reads one sequence at a time, and the workload has {workload.Batch}: give a batch of 1, or measure through libtorch.");
        Key = LatencyKey.Of(model, workload, NameOf(engine));
        Random random = Seeds.Stream(seed, "profile tokens");
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(model.Config.VocabularySize))];
        (prompt, generated) = (Ids(workload.PromptTokens), Ids(workload.GeneratedTokens));
        session = engine.NewSession(workload.PromptTokens + workload.GeneratedTokens);
        clock = new PartClock(model.Config.BlockCount);
    }

    /// <inheritdoc/>
    public LatencyKey Key { get; }

    /// <summary>How keys name an engine: weights held otherwise are read at another speed.</summary>
    public static string NameOf(DecodeEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return $"decode engine, {engine.Format.ToString().ToLowerInvariant()} weights";
    }

    /// <inheritdoc/>
    public WorkloadTiming Whole(SubNetwork network)
    {
        session.Reset();
        long start = Stopwatch.GetTimestamp();
        session.Prefill(prompt, network);
        long prompted = Stopwatch.GetTimestamp();
        foreach (int id in generated) session.Step(id, network);
        return new WorkloadTiming(
            Stopwatch.GetElapsedTime(start, prompted).TotalMilliseconds, generated.Length == 0 ? 0 : Stopwatch.GetElapsedTime(prompted).TotalMilliseconds);
    }

    /// <inheritdoc/>
    public PartsTiming Parts(SubNetwork network)
    {
        session.Reset();
        session.Clock = clock;
        try
        {
            session.Prefill(prompt, network);
            double[] prefill = clock.Take();
            if (generated.Length == 0) return new PartsTiming(prefill, []);
            // Steps are timed at the mean context length.
            int before = (generated.Length - 1) / 2;
            foreach (int id in generated.AsSpan(0, before)) session.Step(id, network);
            int length = session.Length;
            clock.Take();
            double[][] steps = new double[Math.Min(DecodeSamples, generated.Length)][];
            for (int i = 0; i < steps.Length; i++)
            {
                session.Step(generated[before], network);
                steps[i] = clock.Take();
                session.TruncateTo(length);
            }
            return new PartsTiming(prefill, steps);
        }
        finally
        {
            session.Clock = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
