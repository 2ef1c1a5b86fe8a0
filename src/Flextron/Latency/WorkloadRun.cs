using System.Diagnostics;
using Flextron.Data;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Latency;

/// <summary>Runs a workload on a model and times it, whole or part by part. Call under <c>no_grad</c>.</summary>
internal sealed class WorkloadRun : IDisposable
{
    private readonly DecoderModel model;
    private readonly LatencyWorkload workload;
    private readonly bool synchronize;
    private readonly Tensor prompt_BT, next_B1;

    public WorkloadRun(DecoderModel model, LatencyWorkload workload, long seed)
    {
        this.model = model;
        this.workload = workload.ValidatedFor(model.Config);
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

    /// <summary>Parts that <see cref="Prefill"/> and <see cref="DecodeStep"/> time: the fixed one, then attention and MLP of each block.</summary>
    public int PartCount => 1 + 2 * model.Config.BlockCount;

    /// <summary>A cache for the workload, or null where nothing is generated.</summary>
    public KvCache? NewCache(SubNetwork network) =>
        workload.GeneratedTokens == 0 ? null : model.NewCache(network, workload.Batch, workload.PromptTokens + workload.GeneratedTokens);

    /// <summary>The real path: prompt, then every decode step.</summary>
    /// <returns>Milliseconds.</returns>
    public double Whole(SubNetwork network, KvCache? cache)
    {
        cache?.TruncateTo(0);
        long start = Now();
        model.ForwardLast(prompt_BT, network, cache).Dispose();
        for (int i = 0; i < workload.GeneratedTokens; i++) model.ForwardLast(next_B1, network, cache).Dispose();
        return Milliseconds(start, Now());
    }

    /// <summary>One pass over the prompt into an empty cache.</summary>
    public double[] Prefill(WeightView view, KvCache? cache)
    {
        cache?.TruncateTo(0);
        return Parts(view, prompt_BT, cache);
    }

    /// <summary>One decode step at the mean context length; the cache holds the prompt before and after.</summary>
    public double[] DecodeStep(WeightView view, KvCache cache)
    {
        cache.TruncateTo(workload.PromptTokens);
        cache.Advance((workload.GeneratedTokens - 1) / 2);
        double[] parts = Parts(view, next_B1, cache);
        cache.TruncateTo(workload.PromptTokens);
        return parts;
    }

    // The same calls in the same scopes as DecoderModel.ForwardLast, with the clock read in between: each part runs with the caches and
    // the allocator in the state in which the parts before it leave them.
    private double[] Parts(WeightView view, Tensor ids_BT, KvCache? cache)
    {
        double[] parts = new double[PartCount];
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
                Tensor x_BTC = DecoderModel.Embed(view, ids_BT);
                Stamp(0);
                for (int i = 0; i < view.Blocks.Count; i++)
                {
                    if (view.Blocks[i].Shape.KvGroups > 0) x_BTC = x_BTC + model.Attention(view.Blocks[i], i, x_BTC, cache);
                    Stamp(++part);
                    if (view.Blocks[i].Shape.Neurons > 0) x_BTC = x_BTC + model.Mlp(view.Blocks[i], i, x_BTC);
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

    public void Dispose()
    {
        prompt_BT.Dispose();
        next_B1.Dispose();
    }
}
