using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Planning;

/// <summary>
/// What decoding costs when the attention over the KV cache runs on another device than the rest (model-attention disaggregation, Chen et al.,
/// arXiv 2405.01814): projections and MLPs stay; queries, keys and values of the new token go over a link, the heads' outputs come back.
/// </summary>
/// <remarks>
/// The step's time on the main device is the latency table's. Its attention share is taken as the cache's bytes over the memory bandwidth, which is what bounds
/// it; the same bytes over the other device's bandwidth are its time there. With several batches in flight a step takes as long as its busiest resource (main
/// device, attention device, link), and not less than its own way through all of them divided by the batches.
/// </remarks>
/// <param name="LocalMs">A step of one batch on the main device alone.</param>
/// <param name="RestMs">The main device's work in a step without attention over the cache.</param>
/// <param name="RemoteMs">The attention device's work in a step.</param>
/// <param name="LinkMs">The link's time in a step.</param>
/// <param name="SequentialMs">A step of one batch through all three.</param>
/// <param name="PipelinedMs">Time between two steps of different batches.</param>
/// <param name="LocalTokensPerSecond">Without offloading.</param>
/// <param name="OffloadedTokensPerSecond">With it.</param>
/// <param name="BreakEvenLinkGBs">Link throughput at which one batch alone is as fast either way; infinite where no link helps.</param>
/// <param name="LocalSequences">Sequences of this length, to their last token, that fit the main device with its weights.</param>
/// <param name="OffloadedSequences">Sequences that fit the attention device.</param>
/// <param name="LocalFits">Whether the batch measured fits the main device.</param>
/// <param name="OffloadedFits">Whether all batches in flight fit the attention device.</param>
public sealed record AttentionOffload(
    double LocalMs, double RestMs, double RemoteMs, double LinkMs, double SequentialMs, double PipelinedMs, double LocalTokensPerSecond, double OffloadedTokensPerSecond,
    double BreakEvenLinkGBs, double LocalSequences, double OffloadedSequences, bool LocalFits, bool OffloadedFits)
{
    /// <summary>Works it out for a network.</summary>
    /// <param name="table">Measured on the main device, with generation.</param>
    /// <param name="config">The model.</param>
    /// <param name="network">Which slice.</param>
    /// <param name="bytesPerElement">Of weights, cache and what goes over the link.</param>
    /// <param name="setting">The other device and the link.</param>
    /// <exception cref="FlextronException">
    /// The table is without generation, the bandwidth contradicts it, a setting is not possible, the weights do not fit, or some block does not read the keys and values of its whole context.
    /// </exception>
    public static AttentionOffload Of(LatencyTable table, ModelConfig config, SubNetwork network, int bytesPerElement, OffloadSetting setting)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(setting);
        setting.Validated();
        config.RequireAttention("Offloading attention", "plan for the Transformer that it was made from");
        config.RequireWholeContext("Offloading attention", "plan for a model that attends to its whole context");
        LatencyWorkload workload = table.Key.Workload;
        double localMs = table.DecodeStepCosts().Cost(network);
        // The table's step is at the mean context of its workload; memory must hold the whole of it.
        double context = workload.PromptTokens + workload.GeneratedTokens / 2.0, longest = workload.PromptTokens + workload.GeneratedTokens;
        double groups = network.Blocks.Sum(b => (double)b.KvGroups), attending = network.Blocks.Count(b => b.KvGroups > 0);
        double tokenBytes = 2 * groups * config.HeadSize * bytesPerElement, cacheBytes = tokenBytes * context * workload.Batch;
        // Query and output have a row for each head, key and value for each group.
        double linkBytes = 2 * groups * config.HeadSize * (config.HeadsPerGroup + 1) * workload.Batch * bytesPerElement;
        double attentionMs = Ms(cacheBytes, setting.LocalGBs), remoteMs = Ms(cacheBytes, setting.RemoteGBs);
        if (attentionMs >= localMs)
            throw new FlextronException(FormattableString.Invariant(
                $"Reading the cache at {setting.LocalGBs} GB/s would take {attentionMs:0.###} ms of a step that was measured at {localMs:0.###} ms: give the bandwidth that this device really reaches."));
        double restMs = localMs - attentionMs, messagesMs = 2 * attending * setting.LinkMicroseconds / 1000, linkMs = Ms(linkBytes, setting.LinkGBs) + messagesMs;
        double sequentialMs = restMs + remoteMs + linkMs, pipelinedMs = Math.Max(sequentialMs / setting.Batches, Math.Max(restMs, Math.Max(remoteMs, linkMs)));
        double gainMs = attentionMs - remoteMs - messagesMs;
        double weights = AnalyticCosts.WeightAndCacheBytes(config, bytesPerElement, 0, 0).Cost(network), sequenceBytes = tokenBytes * longest;
        if (weights > setting.LocalBytes)
            throw new FlextronException(FormattableString.Invariant($"The weights take {weights / 1e6:0.##} MB and the main device has {setting.LocalBytes / 1e6:0.##} MB: choose a smaller budget, or give the memory that it really has."));
        double Sequences(double bytes) => sequenceBytes > 0 ? Math.Floor(bytes / sequenceBytes) : double.PositiveInfinity;
        double localSequences = Sequences(setting.LocalBytes - weights), offloadedSequences = Sequences(setting.RemoteBytes);
        return new AttentionOffload(
            localMs, restMs, remoteMs, linkMs, sequentialMs, pipelinedMs, 1000 * workload.Batch / localMs, 1000 * workload.Batch / pipelinedMs,
            gainMs > 0 ? linkBytes / gainMs / 1e6 : double.PositiveInfinity,
            localSequences, offloadedSequences, localSequences >= workload.Batch, offloadedSequences >= (double)workload.Batch * setting.Batches);
    }

    // Bytes over GB/s, in ms.
    private static double Ms(double bytes, double gigabytesPerSecond) => bytes / gigabytesPerSecond / 1e6;
}
