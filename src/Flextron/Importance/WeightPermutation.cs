using Flextron.Mixers;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Importance;

/// <summary>Reorders a model's elastic tensors in place.</summary>
public static class WeightPermutation
{
    /// <summary>
    /// Moves whole key/value groups (with their query heads), neurons and, where the order names them, the channels of the residual stream to
    /// the places an order names. The channels are one axis of the whole network: embedding, head, norms and every matrix move together.
    /// </summary>
    /// <param name="weights">Changed in place; views of it stay valid.</param>
    /// <param name="order">A permutation per block.</param>
    /// <exception cref="FlextronException">The order is not a permutation of the model's groups, neurons or channels.</exception>
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
            long[] groups = Checked(order.Blocks[i].KvGroups, config.KvGroupCount, $"block {i}", "key/value groups"), neurons = Checked(order.Blocks[i].Neurons, config.NeuronCount, $"block {i}", "neurons");
            Tensor neuronRows = tensor(neurons).to(weights.Flat.device);
            Tensor keyRows = Rows(groups, config.HeadSize).to(weights.Flat.device);
            Tensor queryRows = Rows(groups, config.HeadSize * config.HeadsPerGroup).to(weights.Flat.device);
            foreach (Tensor t in new[] { w.Query_QC, w.Output_QC }) t.copy_(t.index_select(0, queryRows));
            foreach (Tensor t in new[] { w.Key_KC, w.Value_KC }) t.copy_(t.index_select(0, keyRows));
            foreach (Tensor t in new[] { w.Gate_DC, w.Up_DC, w.Down_DC }) t.copy_(t.index_select(0, neuronRows));
            if (w.Mixer is { } mixer) Reorder(mixer, groups, config.MixerShape(1));
        }
        if (order.Channels is not { } channels) return;
        using var all = NewDisposeScope();
        Tensor places = tensor(Checked(channels, config.HiddenSize, "the residual stream", "channels")).to(weights.Flat.device);
        HashSet<Tensor> narrow = [.. weights.Blocks.Where(b => b.Mixer is not null).SelectMany(b => WithoutChannels(b.Mixer!))];
        foreach ((_, Tensor t) in weights.Named())
        {
            if (narrow.Contains(t)) continue;
            using var scope = NewDisposeScope();
            t.copy_(t.index_select(t.dim() - 1, places));
        }
    }

    // A mixer's rows follow its groups where they belong to one.
    private static void Reorder(MixerWeights mixer, long[] groups, MixerShape ofOne)
    {
        foreach ((MixerTensor known, Tensor t) in LinearMixer.Of(mixer.Kind).Tensors.Zip(mixer.Tensors))
            if (known.Rows is not (MixerAxis.Rank or MixerAxis.Taps))
                t.copy_(t.index_select(0, Rows(groups, (int)ofOne.Size(known.Rows, 0)).to(t.device)));
    }

    private static IEnumerable<Tensor> WithoutChannels(MixerWeights mixer) =>
        LinearMixer.Of(mixer.Kind).Tensors.Zip(mixer.Tensors).Where(t => t.First.Columns != MixerAxis.Channels).Select(t => t.Second);

    private static Tensor Rows(long[] units, int rowsPerUnit) =>
        tensor(units.SelectMany(u => Enumerable.Range(0, rowsPerUnit).Select(r => u * rowsPerUnit + r)).ToArray());

    private static long[] Checked(IReadOnlyList<int> order, int count, string where, string what)
    {
        if (!order.Order().SequenceEqual(Enumerable.Range(0, count)))
            throw new FlextronException($"The order of {where} is not a permutation of its {count} {what}.");
        return order.Select(i => (long)i).ToArray();
    }
}
