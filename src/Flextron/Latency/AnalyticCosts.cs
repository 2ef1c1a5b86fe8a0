using Flextron.Mixers;
using Flextron.Models;

namespace Flextron.Latency;

/// <summary>Costs that need no measurement, exact and linear in every axis: parameters, bytes and floating-point operations.</summary>
public static class AnalyticCosts
{
    /// <summary>Parameters; a tied head counts once.</summary>
    public static ICostTable Parameters(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new LinearCosts("parameters", config.HiddenSize, c => Elements(config, c), Mixers(config, MixerParameters));
    }

    /// <summary>Bytes of a sub-network's weights and of its KV cache.</summary>
    /// <param name="config">The model.</param>
    /// <param name="bytesPerElement">4 for float32, 2 for bfloat16 and float16.</param>
    /// <param name="batch">Sequences cached; 0 counts weights only.</param>
    /// <param name="contextTokens">Tokens cached per sequence.</param>
    public static ICostTable WeightAndCacheBytes(ModelConfig config, int bytesPerElement, int batch, int contextTokens)
    {
        ArgumentNullException.ThrowIfNull(config);
        double cache = 2.0 * batch * contextTokens * config.HeadSize;
        return new LinearCosts("bytes", config.HiddenSize, c =>
        {
            Terms elements = Elements(config, c);
            return new Terms(
                bytesPerElement * elements.Fixed,
                bytesPerElement * elements.Attention, bytesPerElement * (elements.PerGroup + cache),
                bytesPerElement * elements.Mlp, bytesPerElement * elements.PerNeuron);
        }, Mixers(config, (mixer, shape, c) =>
            bytesPerElement * (MixerParameters(mixer, shape, c) - (shape.Groups * cache)) + batch * mixer.StateBytes(shape, bytesPerElement)));
    }

    /// <summary>
    /// Floating-point operations of a workload: two per multiply-add of every matrix product, attention counted over visible keys only (skip-layer attention over
    /// those of both blocks), the head for the last position of each pass. Norms, rotations and activations are not counted.
    /// </summary>
    public static ICostTable Flops(ModelConfig config, LatencyWorkload workload)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(workload);
        double prompt = workload.PromptTokens, steps = workload.GeneratedTokens;
        double tokens = workload.Batch * (prompt + steps);
        // Position t sees t + 1 keys, or a window of them, in the prompt and in decode steps alike.
        double total = prompt + steps, pairs = PairsWithin(config.Architecture.SlidingWindow ?? total), allPairs = PairsWithin(total);
        double PairsWithin(double window)
        {
            double growing = Math.Min(total, window);
            return workload.Batch * (growing * (growing + 1) / 2 + (total - growing) * growing);
        }
        // Of blocks without the window, what they see beyond it.
        double Beyond(int block, int groups) => config.UnwindowedBlocks?[block] == true ? (allPairs - pairs) * PairFlops(config) * groups : 0;
        int mlpMatrices = config.Architecture.GatedMlp ? 3 : 2;
        return new LinearCosts("FLOP", config.HiddenSize, c => new Terms(
            workload.Batch * (1 + steps) * 2 * c * config.VocabularySize,
            0, tokens * 2 * 2 * GroupRows(config) * c + pairs * PairFlops(config),
            0, tokens * 2 * mlpMatrices * c), Mixers(config, (mixer, shape, c) =>
        {
            // Token by token: the state takes in one product of key and value, and every head reads it once.
            double recurrence = 2.0 * shape.Groups * (1 + shape.HeadsPerGroup) * shape.HeadSize * shape.HeadSize;
            double matrices = mixer.Tensors.Where(t => t.Columns is not null).Sum(t => 2.0 * t.Count(shape, c));
            return tokens * (recurrence + matrices) - pairs * PairFlops(config) * shape.Groups;
        }, (block, groups) => pairs * PairFlops(config) * SkippingGroups(config, block, groups) + Beyond(block, groups)));
    }

    // Groups of a block that see an earlier block's keys and values besides their own; that block is taken to keep as many.
    private static int SkippingGroups(ModelConfig config, int block, int groups) =>
        config.SkipLayer is { } skip && block >= skip.Distance ? skip.Kept(groups, config.KvGroupCount)?.Groups ?? 0 : 0;

    private static double PairFlops(ModelConfig config) => 2.0 * 2 * config.HeadsPerGroup * config.HeadSize;

    private static double MixerParameters(LinearMixer mixer, MixerShape shape, int width) => mixer.Tensors.Sum(t => (double)t.Count(shape, width));

    // What a linear mixer costs beyond attention of as many groups; in blocks that attend, what skip-layer attention costs beyond it.
    private static Func<int, int, int, double> Mixers(
        ModelConfig config, Func<LinearMixer, MixerShape, int, double> costOf, Func<int, int, double>? skipping = null) => (block, groups, width) =>
        config.Mixer(block) is var kind && kind == MixerKind.Attention ? skipping?.Invoke(block, groups) ?? 0 : costOf(LinearMixer.Of(kind), config.MixerShape(groups), width);

    // Query and output have H·(L/G) rows a group, key and value H: half of their sum, so that 2·rows·C counts all four matrices.
    private static double GroupRows(ModelConfig config) => (double)config.HeadSize * (config.HeadsPerGroup + 1);

    // Parameters, as they depend on the residual width.
    private static Terms Elements(ModelConfig config, double c)
    {
        double Block(int groups, int neurons) => BlockLayout.CountElements(config, new BlockShape(groups, neurons), c);
        DecoderArchitecture architecture = config.Architecture;
        double perGroup = Block(2, 0) - Block(1, 0), perNeuron = Block(0, 2) - Block(0, 1);
        double tables = (config.TiedEmbeddings ? 1 : 2) * (double)config.VocabularySize + (architecture.LearnedPositions ? config.ContextLength : 0);
        return new Terms(tables * c + (architecture.Norm == NormKind.Layer ? 2 : 1) * c, Block(1, 0) - perGroup, perGroup, Block(0, 1) - perNeuron, perNeuron);
    }

    // What a network of some residual width costs: the fixed part, and of every part that is not skipped a constant and a share per unit.
    private readonly record struct Terms(double Fixed, double Attention, double PerGroup, double Mlp, double PerNeuron);

    private sealed class LinearCosts(string unit, int width, Func<double, Terms> termsOf, Func<int, int, int, double> mixerCost) : ICostTable
    {
        private readonly Terms terms = termsOf(width);

        public string Unit => unit;

        public double Fixed => terms.Fixed;

        public double Attention(int block, int kvGroups) => kvGroups == 0 ? 0 : terms.Attention + terms.PerGroup * kvGroups + mixerCost(block, kvGroups, width);

        public double Mlp(int block, int neurons) => neurons == 0 ? 0 : terms.Mlp + terms.PerNeuron * neurons;

        public ICostTable? AtWidth(int residualWidth) => new LinearCosts(unit, residualWidth, termsOf, mixerCost);
    }
}
