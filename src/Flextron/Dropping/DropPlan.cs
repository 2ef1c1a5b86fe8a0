using System.Collections.Immutable;
using Flextron.Models;

namespace Flextron.Dropping;

/// <summary>What a model loses, decided at once from one measurement (arXiv 2406.15786).</summary>
/// <param name="Network">What remains, as a sub-network whose dropped parts keep nothing.</param>
/// <param name="Dropped">What does not, the most similar first.</param>
public sealed record DropPlan(SubNetwork Network, ImmutableArray<DroppedPart> Dropped)
{
    /// <summary>Drops the parts whose output is most like their input; of equally similar ones the later.</summary>
    /// <param name="similarities">As measured.</param>
    /// <param name="config">The model they were measured on.</param>
    /// <param name="target">What may be dropped.</param>
    /// <param name="count">How many parts, or blocks.</param>
    /// <exception cref="FlextronException">Nothing or everything would be dropped, or the similarities are of another model.</exception>
    public static DropPlan Of(PartSimilarities similarities, ModelConfig config, DropTarget target, int count)
    {
        ArgumentNullException.ThrowIfNull(similarities);
        ArgumentNullException.ThrowIfNull(config);
        if (similarities.Blocks.Length != config.BlockCount)
            throw new FlextronException($"The similarities are of a model of {similarities.Blocks.Length} blocks and this one has {config.BlockCount}: measure them again.");
        DroppedPart[] candidates = target switch
        {
            DropTarget.Attention => Parts(similarities.Attention, BlockPart.Attention),
            DropTarget.Mlp => Parts(similarities.Mlp, BlockPart.Mlp),
            DropTarget.Block => Parts(similarities.Blocks, null),
            _ => [.. Parts(similarities.Attention, BlockPart.Attention), .. Parts(similarities.Mlp, BlockPart.Mlp)],
        };
        RequireCount(config, target, count);
        ImmutableArray<DroppedPart> dropped = [.. candidates.OrderByDescending(c => c.Similarity).ThenByDescending(c => c.Block).ThenByDescending(c => c.Part).Take(count)];
        bool Gone(int block, BlockPart part) => dropped.Any(d => d.Block == block && (d.Part is null || d.Part == part));
        var network = new SubNetwork(Enumerable.Range(0, config.BlockCount).Select(b => new BlockShape(
            Gone(b, BlockPart.Attention) ? 0 : config.KvGroupCount, Gone(b, BlockPart.Mlp) ? 0 : config.NeuronCount)));
        return new DropPlan(network, dropped);
    }

    /// <summary>Refuses to drop nothing or everything, which needs no measurement.</summary>
    /// <exception cref="FlextronException">So many are not possible.</exception>
    public static void RequireCount(ModelConfig config, DropTarget target, int count)
    {
        ArgumentNullException.ThrowIfNull(config);
        int all = target == DropTarget.Joint ? 2 * config.BlockCount : config.BlockCount;
        if (count < 1 || count >= all) throw new FlextronException($"Dropping {count} of {all} {Name(target)} is not possible: choose 1 to {all - 1}.");
    }

    private static DroppedPart[] Parts(ImmutableArray<double> similarities, BlockPart? part) => [.. similarities.Select((s, b) => new DroppedPart(b, part, s))];

    private static string Name(DropTarget target) => target switch
    {
        DropTarget.Attention => "attention parts",
        DropTarget.Mlp => "MLP parts",
        DropTarget.Block => "blocks",
        _ => "attention and MLP parts",
    };
}
