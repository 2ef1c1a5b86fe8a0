using Flextron.Data;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Importance;

/// <summary>Scores heads, neurons and residual channels in one streaming pass over a calibration text (FLEXTRON, ICML 2024, section 3.1).</summary>
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
        int length = WindowLength(config, calibration, windowLength);
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
        return new ImportanceScores(metric, (long)count * length, calibration.Hash(), sums.Blocks()) { Channels = sums.Channels() };
    }

    /// <summary>Tokens per calibration window: what is asked for, or as much as the model's context and the text allow.</summary>
    /// <param name="config">The model.</param>
    /// <param name="calibration">The text.</param>
    /// <param name="wanted">0 for the model's context.</param>
    public static int WindowLength(ModelConfig config, TokenCorpus calibration, int wanted)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(calibration);
        return (int)Math.Min(wanted > 0 ? wanted : config.ContextLength, Math.Min(config.ContextLength, calibration.Length - 1));
    }

    private sealed class ActivationSums : IForwardObserver
    {
        private readonly DecoderModel model;
        private readonly NeuronMetric metric;
        private readonly Tensor[] heads_L, neurons_D;
        private readonly Tensor channels_C;

        public ActivationSums(DecoderModel model, NeuronMetric metric)
        {
            this.model = model;
            this.metric = metric;
            Tensor Zeros(int n) => zeros(n, ScalarType.Float64, model.Device);
            heads_L = Enumerable.Range(0, model.Config.BlockCount).Select(_ => Zeros(model.Config.HeadCount)).ToArray();
            neurons_D = Enumerable.Range(0, model.Config.BlockCount).Select(_ => Zeros(model.Config.NeuronCount)).ToArray();
            channels_C = Zeros(model.Config.HiddenSize);
        }

        public void OnNorm(int block, Tensor normed_BTC) => channels_C.add_(normed_BTC.abs().sum([0, 1], type: ScalarType.Float64));

        public void OnHeads(int block, Tensor heads_BTLH) => heads_L[block].add_(heads_BTLH.abs().sum([0, 1, 3], type: ScalarType.Float64));

        public void OnNeurons(int block, Tensor gate_BTD, Tensor gated_BTD) =>
            neurons_D[block].add_((metric == NeuronMetric.PreActivation ? gate_BTD : gated_BTD).abs().sum([0, 1], type: ScalarType.Float64));

        public IReadOnlyList<BlockImportance> Blocks() => Enumerable.Range(0, heads_L.Length).Select(Block).ToArray();

        public IReadOnlyList<double> Channels() => channels_C.cpu().data<double>().ToArray();

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
