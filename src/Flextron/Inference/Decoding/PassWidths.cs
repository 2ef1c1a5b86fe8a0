using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>What every part of the network keeps for each token of a pass, given before it or chosen by routers as it goes, and what a block's updates are weighed by.</summary>
/// <param name="config">The model.</param>
/// <param name="widest">A network whose key/value groups are the most that a cache has room for.</param>
/// <param name="capacity">Most tokens.</param>
internal sealed class PassWidths(ModelConfig config, SubNetwork widest, int capacity)
{
    private readonly TokenOrder[] groups = [.. Enumerable.Range(0, config.BlockCount).Select(_ => new TokenOrder(capacity))];
    private readonly TokenOrder[] neurons = [.. Enumerable.Range(0, config.BlockCount).Select(_ => new TokenOrder(capacity))];
    private readonly SubNetwork?[] networks = new SubNetwork?[capacity];
    private readonly IStepRouter?[] routers = new IStepRouter?[capacity];
    private readonly int[] kept = new int[capacity];
    private readonly float[] weights = new float[capacity];
    private int given;

    /// <summary>Whether any token's widths are chosen on the way.</summary>
    public bool Routed { get; private set; }

    /// <summary>Whether any token's update by the block chosen last is weighed.</summary>
    public bool Weighs { get; private set; }

    /// <summary>By what a token's update by that block is multiplied.</summary>
    public float Weight(int token) => weights[token];

    /// <summary>Key/value groups of a block's attention.</summary>
    public TokenOrder Groups(int block) => groups[block];

    /// <summary>Neurons of a block's MLP.</summary>
    public TokenOrder Neurons(int block) => neurons[block];

    /// <summary>A token's router.</summary>
    public IStepRouter? Router(int token) => routers[token];

    /// <summary>The most that any token may keep of a block.</summary>
    public BlockShape Most(int block) => Routed ? new BlockShape(widest.Blocks[block].KvGroups, config.NeuronCount) : new BlockShape(groups[block].Most, neurons[block].Most);

    /// <summary>All tokens have the same network.</summary>
    public void SetAll(int count, SubNetwork network)
    {
        Routed = false;
        for (int b = 0; b < groups.Length; b++)
        {
            groups[b].Set(count, network.Blocks[b].KvGroups);
            neurons[b].Set(count, network.Blocks[b].Neurons);
        }
    }

    /// <summary>Every token has a network or a router of its own.</summary>
    public void Set(ReadOnlySpan<IStepRouter?> choosers, ReadOnlySpan<SubNetwork?> slices)
    {
        (Routed, given) = (false, slices.Length);
        bool same = true;
        for (int t = 0; t < slices.Length; t++)
        {
            Routed |= choosers[t] is not null;
            same &= ReferenceEquals(slices[t], slices[0]);
        }
        if (!Routed && same)
        {
            SetAll(slices.Length, slices[0]!);
            return;
        }
        choosers.CopyTo(routers);
        slices.CopyTo(networks);
        for (int b = 0; b < groups.Length && !Routed; b++)
        {
            Given(b, forAttention: true);
            Given(b, forAttention: false);
        }
    }

    /// <summary>Lets a token's router choose; one without has its network's widths.</summary>
    /// <exception cref="FlextronException">The router chose an impossible width.</exception>
    public void Choose(int token, int block, bool forAttention, ReadOnlySpan<float> hidden_C)
    {
        if (routers[token] is not { } router)
        {
            kept[token] = forAttention ? networks[token]!.Blocks[block].KvGroups : networks[token]!.Blocks[block].Neurons;
            weights[token] = 1;
            return;
        }
        int most = forAttention ? widest.Blocks[block].KvGroups : config.NeuronCount;
        kept[token] = forAttention ? router.KvGroups(block, hidden_C) : router.Neurons(block, hidden_C);
        if (forAttention) weights[token] = router.Weight(block);
        if (kept[token] < 0 || kept[token] > most)
            throw new FlextronException($"The router keeps {kept[token]} {(forAttention ? "key/value groups" : "neurons")} of block {block}: choose 0 to {most}.");
    }

    /// <summary>Every token has chosen.</summary>
    public void Chosen(int block, bool forAttention, int count)
    {
        (forAttention ? groups : neurons)[block].Set(kept.AsSpan(0, count));
        Weighs = Routed && weights.AsSpan(0, count).ContainsAnyExcept(1f);
    }

    /// <summary>The pass is over: what belongs to the caller is let go.</summary>
    public void Forget()
    {
        routers.AsSpan(0, given).Clear();
        networks.AsSpan(0, given).Clear();
        (Routed, given) = (false, 0);
    }

    private void Given(int block, bool forAttention)
    {
        for (int t = 0; t < given; t++) Choose(t, block, forAttention, default);
        Chosen(block, forAttention, given);
    }
}
