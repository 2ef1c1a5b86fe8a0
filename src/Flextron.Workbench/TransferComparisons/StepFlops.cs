using Flextron.Latency;
using Flextron.Mixers;
using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>
/// Floating-point operations of a training step in which some weights are frozen, counted, not measured: two per multiply-add of every matrix product, attention over visible
/// keys only, a linear mixer as its recurrence, the head at every position. The backward pass costs a product for every weight that is free, and one for every activation that
/// a free weight stands in front of; with nothing frozen that is three times the forward pass.
/// </summary>
internal sealed class StepFlops
{
    private readonly ModelConfig config;
    private readonly int length;
    // Names and operations a token of the matrices, the head last; and of every block what mixes tokens, over the whole sequence.
    private readonly Dictionary<string, double> matrices;
    private readonly double[] mixing;

    /// <param name="weights">The model.</param>
    /// <param name="length">T, tokens per sequence.</param>
    public StepFlops(DecoderWeights weights, int length)
    {
        (config, this.length) = (weights.Config, length);
        matrices = weights.Named().Where(n => n.Tensor.dim() == 2 && n.Name is not ("embedding" or "positions" or "head")).ToDictionary(n => n.Name, n => 2.0 * n.Tensor.numel());
        ICostTable table = AnalyticCosts.Flops(config, new LatencyWorkload(1, length));
        mixing = [.. Enumerable.Range(0, config.BlockCount).Select(i => table.Attention(i, config.KvGroupCount) - length * matrices.Where(m => IsOfMixer(m.Key, i)).Sum(m => m.Value))];
    }

    private double Head => 2.0 * config.VocabularySize * config.HiddenSize;

    /// <summary>Of one sequence's forward pass.</summary>
    public double Forward => length * (matrices.Values.Sum() + Head) + mixing.Sum();

    /// <summary>Of one training step.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="isFrozen">Names weights that get no gradient.</param>
    public double Step(int batch, Func<string, bool> isFrozen)
    {
        // Whether some free weight stands in front of what is looked at, so that gradients must go on through it.
        bool reached = !isFrozen("embedding");
        double perToken = 0, mixed = 0;
        void Products(IEnumerable<string> names)
        {
            string[] all = [.. names];
            foreach (string name in all) perToken += matrices[name] * ((reached ? 1 : 0) + (isFrozen(name) ? 0 : 1));
            reached |= all.Any(n => !isFrozen(n));
        }

        for (int i = 0; i < config.BlockCount; i++)
        {
            string Of(string name) => $"blocks.{i}.{name}";
            reached |= !isFrozen(Of("attentionNorm"));
            // Short filters and the second half of a low-rank product read what another product gave, not the stream.
            string[] second = [.. SecondProducts(config.Mixer(i)).Select(n => Of($"mixer.{n}"))];
            Products(matrices.Keys.Where(n => IsOfMixer(n, i) && n != Of("output") && !second.Contains(n)));
            Products(second);
            if (reached) mixed += 2 * mixing[i];
            Products([Of("output")]);
            reached |= !isFrozen(Of("mlpNorm"));
            Products(matrices.Keys.Where(n => n == Of("gate") || n == Of("up")));
            Products([Of("down")]);
        }
        reached |= !isFrozen("finalNorm");
        perToken += Head * ((reached ? 1 : 0) + (isFrozen(config.TiedEmbeddings ? "embedding" : "head") ? 0 : 1));
        return batch * (Forward + length * perToken + mixed);
    }

    private static IEnumerable<string> SecondProducts(MixerKind kind) =>
        kind == MixerKind.Attention ? [] : LinearMixer.Of(kind).Tensors.Where(t => t.Columns is { } columns && columns != MixerAxis.Channels).Select(t => t.Name);

    private static bool IsOfMixer(string name, int block) =>
        name.StartsWith($"blocks.{block}.", StringComparison.Ordinal) && name.Split('.') is [_, _, "query" or "key" or "value" or "output"] or [_, _, "mixer", _];
}
