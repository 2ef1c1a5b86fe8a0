using System.Collections.Immutable;
using Flextron.Models;
using Flextron.Progress;

namespace Flextron.Importance;

/// <summary>
/// Blocks by how much they are needed, found by iterative removal: of the blocks still there the one whose absence hurts the loss least is taken
/// out, again and again. Unlike one-shot scores it sees that two blocks can each be spared but not both.
/// </summary>
/// <param name="Order">Block indices, the most needed first: a network of depth d keeps the first d.</param>
/// <param name="LossByDepth">Loss with the first 1, 2, … N of them, in the unit of the loss that was given.</param>
/// <param name="Evaluations">Losses measured: N(N + 1)/2 for N blocks.</param>
public sealed record BlockRanking(ImmutableArray<int> Order, ImmutableArray<double> LossByDepth, int Evaluations)
{
    /// <summary>Ranks the blocks of a model.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="loss">Measures a network's loss, always on the same text.</param>
    /// <param name="progress">Reports losses measured.</param>
    /// <param name="cancellation">Stops between them.</param>
    /// <exception cref="FlextronException">A loss is not a number.</exception>
    public static BlockRanking Measure(
        ModelConfig config, Func<SubNetwork, double> loss, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(loss);
        SubNetwork whole = SubNetwork.Full(config);
        (int done, int total) = (0, config.BlockCount * (config.BlockCount + 1) / 2);
        double Of(ICollection<int> kept)
        {
            cancellation.ThrowIfCancellationRequested();
            double value = loss(new SubNetwork(whole.Blocks.Select((b, i) => kept.Contains(i) ? b : BlockShape.Skipped)));
            if (!double.IsFinite(value)) throw new FlextronException($"The loss without some of the blocks is {value}, so that blocks cannot be ranked: check the model's weights.");
            done++;
            progress?.Report(new StageProgress("ranking blocks", done, total));
            return value;
        }

        var kept = Enumerable.Range(0, config.BlockCount).ToHashSet();
        var removed = new List<int>();
        var losses = new List<double> { Of(kept) };
        while (kept.Count > 1)
        {
            // Equal losses: the later block goes, so that the result does not hang on the order of a set.
            (int block, double least) = kept.OrderDescending().Select(b => (b, Of([.. kept.Where(k => k != b)]))).MinBy(p => p.Item2);
            kept.Remove(block);
            removed.Add(block);
            losses.Add(least);
        }
        return new BlockRanking([.. removed.Append(kept.Single()).Reverse()], [.. Enumerable.Reverse(losses)], done);
    }
}
