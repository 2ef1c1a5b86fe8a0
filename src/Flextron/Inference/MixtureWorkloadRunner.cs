using System.Diagnostics;
using Flextron.Data;
using Flextron.Inference.Decoding;
using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Models;

namespace Flextron.Inference;

/// <summary>Runs a workload through a Mixture-of-Depths model on the decode engine, with tokens that pass given routed blocks, and times it: what generating takes.</summary>
public sealed class MixtureWorkloadRunner : IDisposable
{
    private readonly LatencyWorkload workload;
    private readonly SubNetwork network;
    private readonly DecodeSession session;
    private readonly MixtureStepRouter router;
    private readonly FixedDepths depths;
    private readonly int[] prompt, generated;

    /// <summary>Prepares random token ids and a sequence.</summary>
    /// <param name="engine">Made of the mixture's model; it must outlive the runner.</param>
    /// <param name="mixture">The model.</param>
    /// <param name="workload">What to run, one sequence.</param>
    /// <param name="seed">Which ids.</param>
    /// <exception cref="FlextronException">The workload does not fit, or the engine cannot route the model.</exception>
    public MixtureWorkloadRunner(DecodeEngine engine, MixtureModel mixture, LatencyWorkload workload, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(workload);
        if (workload.Batch != 1 || workload.GeneratedTokens < 1)
            throw new FlextronException($"A Mixture-of-Depths model generates one text at a time, and the workload has {workload.Batch} and {workload.GeneratedTokens} generated tokens: give batch 1 and at least one token.");
        this.workload = workload.ValidatedFor(mixture.Model.Config);
        Routed = mixture.RoutedBlocks;
        network = mixture.Model.FullNetwork;
        Key = LatencyKey.Of(mixture.Model, workload, $"{EngineWorkloadRunner.NameOf(engine)}, {Routed.Count} routed blocks");
        Random random = Seeds.Stream(seed, "profile tokens");
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(mixture.Model.Config.VocabularySize))];
        (prompt, generated) = (Ids(workload.PromptTokens), Ids(workload.GeneratedTokens));
        router = new MixtureStepRouter(mixture, network);
        session = engine.NewSession(prompt.Length + generated.Length, widest: network);
        depths = new FixedDepths(router, network, Routed);
    }

    /// <summary>What the times depend on, the engine and the number of routed blocks included.</summary>
    public LatencyKey Key { get; }

    /// <summary>The routed blocks, ascending.</summary>
    public IReadOnlyList<int> Routed { get; }

    /// <summary>Tokens of prompt and text.</summary>
    public int Tokens => prompt.Length + generated.Length;

    /// <summary>Every token passes as many routed blocks, drawn for each.</summary>
    /// <param name="count">0 … the routed blocks.</param>
    /// <param name="random">Which.</param>
    /// <returns>Token after token, for each routed block whether it passes.</returns>
    public bool[] Passing(int count, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var passes = new bool[Tokens * Routed.Count];
        int[] order = [.. Enumerable.Range(0, Routed.Count)];
        for (int t = 0; t < Tokens; t++)
        {
            random.Shuffle(order);
            foreach (int r in order.Take(count)) passes[t * Routed.Count + r] = true;
        }
        return passes;
    }

    /// <summary>Every token passes each routed block with the block's own probability.</summary>
    /// <param name="shares">One for each routed block.</param>
    /// <param name="random">Which.</param>
    public bool[] Passing(IReadOnlyList<double> shares, Random random)
    {
        ArgumentNullException.ThrowIfNull(shares);
        ArgumentNullException.ThrowIfNull(random);
        return [.. Enumerable.Range(0, Tokens * Routed.Count).Select(i => random.NextDouble() < shares[i % Routed.Count])];
    }

    /// <summary>What the model's routers decide on these tokens.</summary>
    public bool[] Own()
    {
        depths.Heard = [];
        try
        {
            Run([]);
            return [.. depths.Heard];
        }
        finally
        {
            depths.Heard = null;
        }
    }

    /// <summary>Runs the workload once.</summary>
    /// <param name="passes">Token after token, for each routed block whether it passes.</param>
    public WorkloadTiming Run(bool[] passes)
    {
        ArgumentNullException.ThrowIfNull(passes);
        depths.Begin(passes);
        return Timed(() => session.Prefill(prompt, depths), id => session.Step(id, depths));
    }

    /// <summary>Runs it once without routers: every block computes every token, the prompt in blocks that share each reading of the weights.</summary>
    public WorkloadTiming RunDense() => Timed(() => session.Prefill(prompt, network), id => session.Step(id, network));

    private WorkloadTiming Timed(Action read, Action<int> step)
    {
        session.Reset();
        long start = Stopwatch.GetTimestamp();
        read();
        long prompted = Stopwatch.GetTimestamp();
        foreach (int id in generated) step(id);
        return new WorkloadTiming(Stopwatch.GetElapsedTime(start, prompted).TotalMilliseconds, Stopwatch.GetElapsedTime(prompted).TotalMilliseconds);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        session.Dispose();
        router.Dispose();
    }
}
