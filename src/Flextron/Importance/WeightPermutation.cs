using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Importance;

/// <summary>Reorders the rows of a model's elastic tensors in place.</summary>
public static class WeightPermutation
{
    /// <summary>Moves whole key/value groups (with their query heads) and neurons to the places an order names.</summary>
    /// <param name="weights">Changed in place; views of it stay valid.</param>
    /// <param name="order">A permutation per block.</param>
    /// <exception cref="FlextronException">The order is not a permutation of the model's groups and neurons.</exception>
    public static void Apply(DecoderWeights weights, ImportanceOrder order)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(order);
        ModelConfig config = weights.Config;
        if (order.Blocks.Count != config.BlockCount) throw new FlextronException($"The order has {order.Blocks.Count} blocks but the model has {config.BlockCount}.");
        using var noGrad = no_grad();
        for (int i = 0; i < config.BlockCount; i++)
        {
            using var scope = NewDisposeScope();
            BlockWeights w = weights.Blocks[i];
            long[] groups = Checked(order.Blocks[i].KvGroups, config.KvGroupCount, i, "key/value groups"), neurons = Checked(order.Blocks[i].Neurons, config.NeuronCount, i, "neurons");
            Tensor neuronRows = tensor(neurons).to(weights.Flat.device);
            Tensor keyRows = Rows(groups, config.HeadSize).to(weights.Flat.device);
            Tensor queryRows = Rows(groups, config.HeadSize * config.HeadsPerGroup).to(weights.Flat.device);
            foreach (Tensor t in new[] { w.Query_QC, w.Output_QC }) t.copy_(t.index_select(0, queryRows));
            foreach (Tensor t in new[] { w.Key_KC, w.Value_KC }) t.copy_(t.index_select(0, keyRows));
            foreach (Tensor t in new[] { w.Gate_DC, w.Up_DC, w.Down_DC }) t.copy_(t.index_select(0, neuronRows));
        }
    }

    private static Tensor Rows(long[] units, int rowsPerUnit) =>
        tensor(units.SelectMany(u => Enumerable.Range(0, rowsPerUnit).Select(r => u * rowsPerUnit + r)).ToArray());

    private static long[] Checked(IReadOnlyList<int> order, int count, int block, string what)
    {
        if (!order.Order().SequenceEqual(Enumerable.Range(0, count)))
            throw new FlextronException($"The order of block {block} is not a permutation of its {count} {what}.");
        return order.Select(i => (long)i).ToArray();
    }
}
