using System.Diagnostics;
using Flextron.Data;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Latency;

/// <summary>Runs a workload through libtorch: <see cref="DecoderModel.ForwardLast"/>, with a KV cache where tokens are generated.</summary>
public sealed class TorchWorkloadRunner : IWorkloadRunner
{
    // Steps at one context length differ little, so a few samples stand for a long generation.
    private const int DecodeSamples = 8;

    private readonly DecoderModel model;
    private readonly LatencyWorkload workload;
    private readonly bool synchronize;
    private readonly Tensor prompt_BT, next_B1;

    /// <summary>Prepares random token ids.</summary>
    /// <param name="model">On its device, in its dtype.</param>
    /// <param name="workload">What to run.</param>
    /// <param name="seed">Which ids.</param>
    /// <exception cref="FlextronException">The workload does not fit the model.</exception>
    public TorchWorkloadRunner(DecoderModel model, LatencyWorkload workload, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(workload);
        if (model.Config.SkipLayer is not null) model.Config.RequireAttention("A latency table", "measure it without skip-layer attention");
        this.model = model;
        this.workload = workload.ValidatedFor(model.Config);
        Key = LatencyKey.Of(model, workload);
        synchronize = model.Device.type == DeviceType.CUDA;
        Random random = Seeds.Stream(seed, "profile tokens");
        Tensor Ids(int time)
        {
            long[] ids = [.. Enumerable.Range(0, workload.Batch * time).Select(_ => (long)random.Next(model.Config.VocabularySize))];
            return tensor(ids, [workload.Batch, time], device: model.Device).DetachFromDisposeScope();
        }
        prompt_BT = Ids(workload.PromptTokens);
        next_B1 = Ids(1);
    }

    /// <inheritdoc/>
    public LatencyKey Key { get; }

    /// <inheritdoc/>
    public WorkloadTiming Whole(SubNetwork network)
    {
        using var noGrad = no_grad();
        using KvCache? cache = NewCache(network);
        model.View(network);
        long start = Now();
        model.ForwardLast(prompt_BT, network, cache).Dispose();
        long prompted = Now();
        for (int i = 0; i < workload.GeneratedTokens; i++) model.ForwardLast(next_B1, network, cache).Dispose();
        return new WorkloadTiming(Milliseconds(start, prompted), workload.GeneratedTokens == 0 ? 0 : Milliseconds(prompted, Now()));
    }

    /// <inheritdoc/>
    public PartsTiming Parts(SubNetwork network)
    {
        using var noGrad = no_grad();
        using KvCache? cache = NewCache(network);
        WeightView view = model.View(network);
        double[] prefill = Pass(view, prompt_BT, cache);
        return new PartsTiming(prefill, cache is null ? [] : [.. Enumerable.Range(0, Math.Min(DecodeSamples, workload.GeneratedTokens)).Select(_ => Step(view, cache))]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        prompt_BT.Dispose();
        next_B1.Dispose();
    }

    private KvCache? NewCache(SubNetwork network) =>
        workload.GeneratedTokens == 0 ? null : model.NewCache(network, workload.Batch, workload.PromptTokens + workload.GeneratedTokens);

    // One decode step at the mean context length; the cache holds the prompt before and after.
    private double[] Step(WeightView view, KvCache cache)
    {
        cache.Pretend(workload.PromptTokens + (workload.GeneratedTokens - 1) / 2);
        double[] parts = Pass(view, next_B1, cache);
        cache.Pretend(workload.PromptTokens);
        return parts;
    }

    // The same calls in the same scopes as DecoderModel.ForwardLast, with the clock read in between.
    private double[] Pass(WeightView view, Tensor ids_BT, KvCache? cache)
    {
        double[] parts = new double[1 + 2 * model.Config.BlockCount];
        int part = 0;
        long last = Now();
        void Stamp(int at)
        {
            long now = Now();
            parts[at] += Milliseconds(last, now);
            last = now;
        }

        using (NewDisposeScope())
        {
            Tensor hidden_BTC;
            using (NewDisposeScope())
            {
                Tensor x_BTC = DecoderModel.Embed(view, ids_BT, cache?.Length ?? 0);
                Stamp(0);
                for (int i = 0; i < view.Blocks.Count; i++)
                {
                    Tensor entering_BTC = x_BTC;
                    if (view.Blocks[i].Shape.KvGroups > 0) x_BTC = x_BTC + model.Attention(view.Blocks[i], i, x_BTC, cache);
                    Stamp(++part);
                    if (view.Blocks[i].Shape.Neurons > 0) x_BTC = x_BTC + model.Mlp(view.Blocks[i], i, model.MlpInput(entering_BTC, x_BTC));
                    Stamp(++part);
                }
                cache?.Advance(ids_BT.size(1));
                hidden_BTC = x_BTC.MoveToOuterDisposeScope();
            }
            model.Logits(view, hidden_BTC.select(1, -1));
        }
        Stamp(0);
        return parts;
    }

    private long Now()
    {
        if (synchronize) cuda.synchronize(model.Device);
        return Stopwatch.GetTimestamp();
    }

    private static double Milliseconds(long start, long end) => (end - start) * 1000.0 / Stopwatch.Frequency;
}
