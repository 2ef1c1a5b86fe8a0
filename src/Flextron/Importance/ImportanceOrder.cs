using Flextron.Data;
using Flextron.Models;

namespace Flextron.Importance;

/// <summary>
/// The order that puts important groups and neurons first, so that every prefix is a good sub-network (FLEXTRON, ICML 2024, section 3.1).
/// Applying it changes where things stand, not what the whole network computes.
/// </summary>
/// <param name="Blocks">One order per block.</param>
public sealed record ImportanceOrder(IReadOnlyList<BlockOrder> Blocks)
{
    /// <summary>The order of the residual channels, one for the whole network; null leaves them where they are.</summary>
    public IReadOnlyList<int>? Channels { get; init; }

    /// <summary>Descending scores; equal ones keep their order.</summary>
    /// <param name="groupScores">G scores per block.</param>
    /// <param name="neuronScores">D scores per block.</param>
    public static ImportanceOrder Descending(IEnumerable<IReadOnlyList<double>> groupScores, IEnumerable<IReadOnlyList<double>> neuronScores) =>
        new(groupScores.Zip(neuronScores, (g, n) => new BlockOrder(Sort(g), Sort(n))).ToArray());

    /// <summary>A random order: the control that importance has to beat.</summary>
    /// <param name="config">The model.</param>
    /// <param name="seed">Which one.</param>
    /// <param name="channels">Whether the residual channels are shuffled as well.</param>
    public static ImportanceOrder Random(ModelConfig config, long seed, bool channels = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        Random random = Seeds.Stream(seed, "random order");
        int[] Shuffled(int n)
        {
            int[] order = Enumerable.Range(0, n).ToArray();
            random.Shuffle(order);
            return order;
        }

        BlockOrder[] blocks = [.. Enumerable.Range(0, config.BlockCount).Select(_ => new BlockOrder(Shuffled(config.KvGroupCount), Shuffled(config.NeuronCount)))];
        return new ImportanceOrder(blocks) { Channels = channels ? Shuffled(config.HiddenSize) : null };
    }

    /// <summary>Indices of scores, the highest first; equal ones keep their order.</summary>
    internal static int[] Sort(IReadOnlyList<double> scores) => Enumerable.Range(0, scores.Count).OrderByDescending(i => scores[i]).ToArray();
}
