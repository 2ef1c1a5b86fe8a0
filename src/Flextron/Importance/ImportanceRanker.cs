using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Importance;

/// <summary>Scores heads and neurons in one streaming pass over a calibration text (FLEXTRON, ICML 2024, section 3.1).</summary>
public static class ImportanceRanker
{
    /// <summary>Ranks a model.</summary>
    /// <param name="model">The pretrained model.</param>
    /// <param name="calibration">Text it should be good at.</param>
    /// <param name="metric">How neurons are scored.</param>
    /// <param name="maximumTokens">Tokens used, from the start of the text.</param>
    /// <param name="batchSize">Windows per forward pass; sums are in float64, so it does not change the scores.</param>
    /// <param name="windowLength">Tokens per window; the model's context where 0 or longer than it.</param>
    /// <param name="progress">Reports windows.</param>
    /// <exception cref="FlextronException">The text is shorter than one window.</exception>
    public static ImportanceScores Rank(
        DecoderModel model,
        TokenCorpus calibration,
        NeuronMetric metric = NeuronMetric.GatedActivation,
        int maximumTokens = 65536,
        int batchSize = 8,
        int windowLength = 256,
        IProgress<StageProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(calibration);
        ModelConfig config = model.Config;
        int length = (int)Math.Min(windowLength > 0 ? windowLength : config.ContextLength, Math.Min(config.ContextLength, calibration.Length - 1));
        var windows = new WindowSampler(calibration, length, seed: 0);
        int count = (int)Math.Clamp(maximumTokens / length, 1, windows.WindowCount);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var sums = new ActivationSums(model, metric);
        int done = 0;
        foreach (long[] chunk in Enumerable.Range(0, count).Select(i => (long)i).Chunk(batchSize))
        {
            using var batch = NewDisposeScope();
            (Tensor input_BT, _) = windows.Windows(chunk);
            using Tensor hidden = model.Hidden(model.View(model.FullNetwork), input_BT.to(model.Device), observer: sums);
            done += chunk.Length;
            progress?.Report(new StageProgress("ranking", done, count));
        }
        return new ImportanceScores(metric, (long)count * length, calibration.Hash(), sums.Blocks());
    }

    private sealed class ActivationSums : IForwardObserver
    {
        private readonly DecoderModel model;
        private readonly NeuronMetric metric;
        private readonly Tensor[] heads_L, neurons_D;

        public ActivationSums(DecoderModel model, NeuronMetric metric)
        {
            this.model = model;
            this.metric = metric;
            Tensor Zeros(int n) => zeros(n, ScalarType.Float64, model.Device);
            heads_L = Enumerable.Range(0, model.Config.BlockCount).Select(_ => Zeros(model.Config.HeadCount)).ToArray();
            neurons_D = Enumerable.Range(0, model.Config.BlockCount).Select(_ => Zeros(model.Config.NeuronCount)).ToArray();
        }

        public void OnHeads(int block, Tensor heads_BTLH) => heads_L[block].add_(heads_BTLH.abs().sum([0, 1, 3], type: ScalarType.Float64));

        public void OnNeurons(int block, Tensor gate_BTD, Tensor gated_BTD) =>
            neurons_D[block].add_((metric == NeuronMetric.PreActivation ? gate_BTD : gated_BTD).abs().sum([0, 1], type: ScalarType.Float64));

        public IReadOnlyList<BlockImportance> Blocks() => Enumerable.Range(0, heads_L.Length).Select(Block).ToArray();

        private BlockImportance Block(int i)
        {
            double[] heads = heads_L[i].cpu().data<double>().ToArray();
            Tensor neurons = metric == NeuronMetric.Contribution
                ? neurons_D[i] * model.Weights.Blocks[i].Down_DC.to(ScalarType.Float64).square().sum([1]).sqrt()
                : neurons_D[i];
            double[] groups = heads.Chunk(model.Config.HeadsPerGroup).Select(g => g.Sum()).ToArray();
            return new BlockImportance(heads, groups, neurons.cpu().data<double>().ToArray());
        }
    }
}
