using System.Diagnostics;
using Flextron.Data;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>Runs a workload on the CPU decode engine, prompts one after the other and decode steps of all sequences at once: what generating texts on the CPU takes.</summary>
public sealed class EngineWorkloadRunner : IWorkloadRunner
{
    // Steps at one context length differ little, so a few samples stand for a long generation.
    private const int DecodeSamples = 8;

    private readonly LatencyWorkload workload;
    private readonly DecodeBatch batch;
    private readonly PartClock clock;
    private readonly int[][] prompts;
    private readonly int[] generated;
    private readonly BatchToken[] step;

    /// <summary>Prepares random token ids and sequences.</summary>
    /// <param name="engine">Made of the model, with the weight format that is to be measured; it must outlive the runner.</param>
    /// <param name="model">The model.</param>
    /// <param name="workload">What to run; <see cref="LatencyWorkload.Decoding"/> by default.</param>
    /// <param name="seed">Which ids.</param>
    /// <exception cref="FlextronException">The workload does not fit the model, or the engine was made of another.</exception>
    public EngineWorkloadRunner(DecodeEngine engine, DecoderModel model, LatencyWorkload? workload = null, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(model);
        this.workload = workload = (workload ?? LatencyWorkload.Decoding(model.Config)).ValidatedFor(model.Config);
        Key = LatencyKey.Of(model, workload, NameOf(engine));
        if (LatencyModelShape.Of(engine.Config) is var made && (made != Key.Model || engine.ModelDtype != Key.Dtype))
            throw new FlextronException($"The decode engine was made of another model ({made}, {engine.ModelDtype}) than the one to be measured ({Key.Model}, {Key.Dtype}): make it of that one.");
        Random random = Seeds.Stream(seed, "profile tokens");
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(model.Config.VocabularySize))];
        prompts = [.. Enumerable.Range(0, workload.Batch).Select(_ => Ids(workload.PromptTokens))];
        generated = Ids(workload.GeneratedTokens);
        step = new BatchToken[workload.Batch];
        batch = engine.NewBatch(workload.Batch, workload.PromptTokens + workload.GeneratedTokens);
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
        long start = Stopwatch.GetTimestamp();
        Prompt(network);
        long prompted = Stopwatch.GetTimestamp();
        foreach (int id in generated) Step(id, network);
        return new WorkloadTiming(
            Stopwatch.GetElapsedTime(start, prompted).TotalMilliseconds, generated.Length == 0 ? 0 : Stopwatch.GetElapsedTime(prompted).TotalMilliseconds);
    }

    /// <inheritdoc/>
    public PartsTiming Parts(SubNetwork network)
    {
        batch.Clock = clock;
        try
        {
            Prompt(network);
            double[] prefill = clock.Take();
            if (generated.Length == 0) return new PartsTiming(prefill, []);
            // Steps are timed at the mean context length. What lies before is read in a block, which leaves what steps would leave.
            int before = (generated.Length - 1) / 2, length = workload.PromptTokens + before;
            for (int s = 0; s < step.Length && before > 0; s++) batch.Prefill(s, generated.AsSpan(0, before), network);
            clock.Take();
            double[][] steps = new double[Math.Min(DecodeSamples, generated.Length)][];
            for (int i = 0; i < steps.Length; i++)
            {
                Step(generated[before], network);
                steps[i] = clock.Take();
                for (int s = 0; s < step.Length; s++) batch.TruncateTo(s, length);
            }
            return new PartsTiming(prefill, steps);
        }
        finally
        {
            batch.Clock = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => batch.Dispose();

    private void Prompt(SubNetwork network)
    {
        for (int s = 0; s < prompts.Length; s++)
        {
            batch.Reset(s);
            batch.Prefill(s, prompts[s], network);
        }
    }

    private void Step(int id, SubNetwork network)
    {
        for (int s = 0; s < step.Length; s++) step[s] = new BatchToken(s, id, network);
        batch.Step(step);
    }
}
