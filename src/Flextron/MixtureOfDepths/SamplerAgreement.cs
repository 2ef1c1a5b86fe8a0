using Flextron.Models;
using Flextron.Training;
using static TorchSharp.torch;

namespace Flextron.MixtureOfDepths;

/// <summary>What replacing the top k by the causal sampler changes, as generation must (arXiv 2404.02258, section 3.5): decisions and held-out loss.</summary>
/// <param name="TopK">Loss with the top k of each window, which sees ahead.</param>
/// <param name="Causal">Loss with the sampler.</param>
/// <param name="Blocks">Both on the streams of the top-k pass, by routed block.</param>
/// <param name="CausalShare">Share of tokens that pass routed blocks under the sampler alone.</param>
public sealed record SamplerAgreement(LossEstimate TopK, LossEstimate Causal, IReadOnlyList<BlockAgreement> Blocks, double CausalShare)
{
    /// <summary>Share of all decisions about which sampler and top k agree.</summary>
    public double Accuracy => Blocks.Sum(b => b.Accuracy * b.Decisions) / Blocks.Sum(b => b.Decisions);

    /// <summary>Relative change of the loss by the sampler.</summary>
    public double LossChange => Causal.Mean / TopK.Mean - 1;

    /// <summary>Measures it.</summary>
    /// <param name="mixture">The model.</param>
    /// <param name="heldOut">Windows that both read.</param>
    /// <param name="network">Which slice; the whole by default.</param>
    /// <param name="sampler">Which sampler; the model's own by default.</param>
    public static SamplerAgreement Measure(MixtureModel mixture, HeldOutLoss heldOut, SubNetwork? network = null, CausalSampler? sampler = null)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(heldOut);
        var counts = new SortedDictionary<int, BlockAgreement>();
        ITokenSelector top = TopTokens.ByRouter(mixture.Settings), causal = new CausalTokens(sampler);
        (long passed, long decided) = (0, 0);
        LossEstimate topK = heldOut.Of(ids_BT => Read(ids_BT, top, reading =>
        {
            bool[] sampled = causal.Select(reading, 0);
            BlockAgreement before = counts.GetValueOrDefault(reading.Block) ?? new BlockAgreement(reading.Block, 0, 0, 0, 0);
            counts[reading.Block] = before with
            {
                Decisions = before.Decisions + sampled.Length, Top = before.Top + reading.Selected.Count(s => s), Sampled = before.Sampled + sampled.Count(s => s),
                Both = before.Both + sampled.Where((s, i) => s && reading.Selected[i]).Count(),
            };
        }));
        LossEstimate sampledLoss = heldOut.Of(ids_BT => Read(ids_BT, causal, reading =>
        {
            passed += reading.Selected.Count(s => s);
            decided += reading.Selected.Length;
        }));
        return new SamplerAgreement(topK, sampledLoss, [.. counts.Values], decided == 0 ? 0 : (double)passed / decided);

        Tensor Read(Tensor ids_BT, ITokenSelector selector, Action<RouterReading> take)
        {
            var readings = new List<RouterReading>();
            Tensor logits_BTV = mixture.Forward(ids_BT.to(mixture.Model.Device), selector, network, readings: readings);
            foreach (RouterReading reading in readings) take(reading);
            return logits_BTV;
        }
    }
}
