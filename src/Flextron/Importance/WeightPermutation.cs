using Flextron.Mixers;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Importance;

/// <summary>Reorders a model's elastic tensors in place.</summary>
public static class WeightPermutation
{
    /// <summary>
    /// Moves whole key/value groups (with their query heads), neurons (their biases with them) and, where the order names them, the channels of the residual stream to
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
        // Which groups attend to an earlier block goes by their places.
        if (config.SkipLayer is not null && order.Blocks.Any(b => !b.KvGroups.SequenceEqual(Enumerable.Range(0, config.KvGroupCount))))
            config.RequireAttention("Another order of the groups", "order neurons alone");
        using var noGrad = no_grad();
        for (int i = 0; i < config.BlockCount; i++)
        {
            using var scope = NewDisposeScope();
            BlockWeights w = weights.Blocks[i];
            long[] groups = Checked(order.Blocks[i].KvGroups, config.KvGroupCount, $"block {i}", "key/value groups"), neurons = Checked(order.Blocks[i].Neurons, config.NeuronCount, $"block {i}", "neurons");
            var places = new Dictionary<BlockAxis, Tensor>
            {
                [BlockAxis.Neuron] = tensor(neurons).to(weights.Flat.device),
                [BlockAxis.Key] = Rows(groups, config.HeadSize).to(weights.Flat.device),
                [BlockAxis.Query] = Rows(groups, config.HeadSize * config.HeadsPerGroup).to(weights.Flat.device),
            };
            foreach ((BlockTensor kind, Tensor t) in w.Each())
                if (places.TryGetValue(BlockLayout.Rows(kind), out Tensor? rows)) t.copy_(t.index_select(0, rows));
            if (w.Mixer is { } mixer) Reorder(mixer, groups, config.MixerShape(1));
        }
        if (order.Channels is not { } channels) return;
        using var all = NewDisposeScope();
        Tensor channelPlaces = tensor(Checked(channels, config.HiddenSize, "the residual stream", "channels")).to(weights.Flat.device);
        foreach (Tensor t in ChannelTensors(weights))
        {
            using var scope = NewDisposeScope();
            t.copy_(t.index_select(t.dim() - 1, channelPlaces));
        }
    }

    // Everything whose last axis is the residual stream: all matrices, and the vectors that are added to or norm it.
    private static IEnumerable<Tensor> ChannelTensors(DecoderWeights weights) => weights.Blocks
        .SelectMany(b => b.Each().Where(t => BlockLayout.IsMatrix(t.Kind) || BlockLayout.Rows(t.Kind) == BlockAxis.Channel).Select(t => t.Tensor))
        .Concat(weights.Blocks.SelectMany(b => b.Mixer is null ? [] : WithChannels(b.Mixer)))
        .Concat([weights.Embedding_VC, weights.FinalNorm_C])
        .Concat(new[] { weights.Positions_TC, weights.FinalNormBias_C, weights.Config.TiedEmbeddings ? null : weights.Head_VC }.OfType<Tensor>());

    // A mixer's rows follow its groups where they belong to one.
    private static void Reorder(MixerWeights mixer, long[] groups, MixerShape ofOne)
    {
        foreach ((MixerTensor known, Tensor t) in LinearMixer.Of(mixer.Kind).Tensors.Zip(mixer.Tensors))
            if (known.Rows is not (MixerAxis.Rank or MixerAxis.Taps))
                t.copy_(t.index_select(0, Rows(groups, (int)ofOne.Size(known.Rows, 0)).to(t.device)));
    }

    private static IEnumerable<Tensor> WithChannels(MixerWeights mixer) =>
        LinearMixer.Of(mixer.Kind).Tensors.Zip(mixer.Tensors).Where(t => t.First.Columns == MixerAxis.Channels).Select(t => t.Second);

    private static Tensor Rows(long[] units, int rowsPerUnit) =>
        tensor(units.SelectMany(u => Enumerable.Range(0, rowsPerUnit).Select(r => u * rowsPerUnit + r)).ToArray());

    private static long[] Checked(IReadOnlyList<int> order, int count, string where, string what)
    {
        if (!order.Order().SequenceEqual(Enumerable.Range(0, count)))
            throw new FlextronException($"The order of {where} is not a permutation of its {count} {what}.");
        return order.Select(i => (long)i).ToArray();
    }
}
