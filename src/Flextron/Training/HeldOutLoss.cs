using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Training;

/// <summary>Next-token loss of sub-networks on text that training never saw. The same windows serve every sub-network, so differences are paired.</summary>
/// <param name="heldOut">The text.</param>
/// <param name="windowLength">Tokens per window.</param>
/// <param name="maximumWindows">Windows used, spread evenly over the text.</param>
/// <param name="apart">A measurement of windows of the same length on the same text whose windows are left out; where there are no others, they are used again.</param>
public sealed class HeldOutLoss(TokenCorpus heldOut, int windowLength, int maximumWindows = 64, HeldOutLoss? apart = null)
{
    private const int Batch = 8;
    private readonly WindowSampler sampler = new(heldOut, windowLength, seed: 0);
    private long[]? windows;

    /// <summary>Whether <see cref="LossEstimate.Accuracy"/> is measured too, at the price of a look at all logits.</summary>
    public bool CountsHits { get; init; }

    /// <summary>Windows in use.</summary>
    public int WindowCount => Windows.Length;

    private long[] Windows => windows ??= Chosen();

    /// <summary>Measures one sub-network.</summary>
    public LossEstimate Of(DecoderModel model, SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Of(ids_BT => model.Forward(ids_BT.to(model.Device), subNetwork));
    }

    /// <summary>Measures anything that predicts next tokens without looking ahead.</summary>
    /// <param name="logits">Gives logits_BTV for ids_BT on the CPU.</param>
    public LossEstimate Of(Func<Tensor, Tensor> logits)
    {
        ArgumentNullException.ThrowIfNull(logits);
        using var noGrad = no_grad();
        var losses = new List<double>(Windows.Length);
        long hits = 0;
        foreach (long[] chunk in Windows.Chunk(Batch))
        {
            using var scope = NewDisposeScope();
            (Tensor input_BT, Tensor target_BT) = sampler.Windows(chunk);
            Tensor logits_BTV = logits(input_BT);
            Tensor loss_BT = functional.cross_entropy(
                logits_BTV.view(-1, logits_BTV.size(2)).to(ScalarType.Float32), target_BT.to(logits_BTV.device).view(-1), reduction: Reduction.None).view(chunk.Length, windowLength);
            if (CountsHits) hits += logits_BTV.argmax(-1).eq(target_BT.to(logits_BTV.device)).sum().item<long>();
            losses.AddRange(loss_BT.to(ScalarType.Float64).mean([1]).cpu().data<double>().ToArray());
        }
        return new LossEstimate(losses) { Accuracy = CountsHits ? hits / ((double)losses.Count * windowLength) : null };
    }

    /// <summary>Measures several.</summary>
    public IReadOnlyList<LossEstimate> Of(DecoderModel model, IReadOnlyList<SubNetwork> subNetworks, IProgress<StageProgress>? progress = null, string stage = "held-out loss")
    {
        ArgumentNullException.ThrowIfNull(subNetworks);
        var results = new LossEstimate[subNetworks.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = Of(model, subNetworks[i]);
            progress?.Report(new StageProgress(stage, i + 1, results.Length));
        }
        return results;
    }

    private long[] Chosen()
    {
        long[] others = apart is null ? [] : [.. sampler.Spread(maximumWindows + apart.WindowCount).Except(apart.Windows).Take(maximumWindows)];
        return others.Length > 0 ? others : sampler.Spread(maximumWindows);
    }
}
