using System.Collections.Immutable;
using Flextron.Data;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Dropping;

/// <summary>
/// How much the residual stream behind a part is like the one in front of it: the cosine of x and x + part(norm(x)), averaged over the tokens of a text, and
/// the same across whole blocks (He et al., arXiv 2406.15786, equations 3 to 5). What changes the stream least is the first to go.
/// </summary>
/// <param name="Attention">By block, −1 … 1.</param>
/// <param name="Mlp">By block.</param>
/// <param name="Blocks">Of whole blocks.</param>
/// <param name="Tokens">Tokens averaged over.</param>
public sealed record PartSimilarities(ImmutableArray<double> Attention, ImmutableArray<double> Mlp, ImmutableArray<double> Blocks, long Tokens)
{
    /// <summary>Measures all of them in one pass over a text; sums are float64, so the batch's size does not matter.</summary>
    /// <param name="model">The whole network.</param>
    /// <param name="calibration">The text.</param>
    /// <param name="settings">How much of it.</param>
    /// <param name="progress">Reports windows.</param>
    /// <exception cref="FlextronException">The text is shorter than a window, or a similarity is not a number.</exception>
    public static PartSimilarities Measure(DecoderModel model, TokenCorpus calibration, ImportanceSettings settings, IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(calibration);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        int length = ImportanceRanker.WindowLength(model.Config, calibration, settings.WindowLength);
        var windows = new WindowSampler(calibration, length, seed: 0);
        int count = (int)Math.Clamp(settings.MaximumTokens / length, 1, windows.WindowCount), done = 0;
        using var noGrad = no_grad();
        using var sums = new Cosines(model.Config.BlockCount);
        foreach (long[] chunk in Enumerable.Range(0, count).Select(i => (long)i).Chunk(settings.BatchSize))
        {
            using var scope = NewDisposeScope();
            (Tensor input_BT, _) = windows.Windows(chunk);
            model.Hidden(model.View(model.FullNetwork), input_BT.to(model.Device), observer: sums);
            progress?.Report(new StageProgress("measuring similarities", done += chunk.Length, count));
        }
        long tokens = (long)count * length;
        ImmutableArray<double> Means(double[] values)
        {
            int bad = Array.FindIndex(values, v => !double.IsFinite(v));
            return bad < 0 ? [.. values.Select(v => v / tokens)] : throw new FlextronException($"The similarity across block {bad} is not a number: check the model's weights.");
        }

        return new PartSimilarities(Means(sums.Attention), Means(sums.Mlp), Means(sums.Blocks), tokens);
    }

    private sealed class Cosines(int blocks) : IForwardObserver, IDisposable
    {
        private Tensor? entering;

        public double[] Attention { get; } = new double[blocks];

        public double[] Mlp { get; } = new double[blocks];

        public double[] Blocks { get; } = new double[blocks];

        public void OnNorm(int block, Tensor normed_BTC)
        {
        }

        public void OnHeads(int block, Tensor heads_BTLH)
        {
        }

        public void OnNeurons(int block, Tensor gate_BTD, Tensor gated_BTD)
        {
        }

        // Both parts of every block are there, attention first.
        public void OnUpdate(int block, BlockPart part, Tensor x_BTC, Tensor update_BTC)
        {
            using var scope = NewDisposeScope();
            Tensor behind_BTC = x_BTC + update_BTC;
            if (part == BlockPart.Attention)
            {
                Dispose();
                entering = x_BTC.alias().DetachFromDisposeScope();
                Attention[block] += Sum(x_BTC, behind_BTC);
                return;
            }
            Mlp[block] += Sum(x_BTC, behind_BTC);
            Blocks[block] += Sum(entering!, behind_BTC);
        }

        public void Dispose() => entering?.Dispose();

        private static double Sum(Tensor a_BTC, Tensor b_BTC)
        {
            (Tensor a, Tensor b) = (a_BTC.to(ScalarType.Float64), b_BTC.to(ScalarType.Float64));
            return ((a * b).sum(-1) / (a.norm(-1) * b.norm(-1)).clamp_min(1e-30)).sum().item<double>();
        }
    }
}
