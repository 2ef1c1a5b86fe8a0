using Flextron.Mixers;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Models;

/// <summary>
/// The forward pass of a Llama-architecture decoder (RMS norm, rotary positions, grouped-query attention or a linear mixer in its place, SwiGLU) at the
/// width of any sub-network. Slices do the work: a narrower view means smaller matrix products.
/// </summary>
public sealed class DecoderModel : IDisposable
{
    private readonly ViewCache views;
    private readonly RotaryTable rotary;
    private readonly bool ownsWeights;

    /// <summary>Wraps weights.</summary>
    /// <param name="weights">The parameters.</param>
    /// <param name="ownsWeights">Whether disposing the model disposes them.</param>
    public DecoderModel(DecoderWeights weights, bool ownsWeights = true)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Weights = weights;
        views = new ViewCache((network, slices) => WeightView.Of(Weights, network, slices), capacity: 1024);
        this.ownsWeights = ownsWeights;
        rotary = new RotaryTable(Config.ContextLength, Config.HeadSize, Config.RopeTheta, Device);
        FullNetwork = SubNetwork.Full(Config);
    }

    /// <summary>The shared parameters.</summary>
    public DecoderWeights Weights { get; }

    /// <summary>The shape.</summary>
    public ModelConfig Config => Weights.Config;

    /// <summary>Where the parameters are.</summary>
    public Device Device => Weights.Flat.device;

    /// <summary>Rotations by position.</summary>
    internal RotaryTable Rotary => rotary;

    /// <summary>The whole network as a sub-network.</summary>
    public SubNetwork FullNetwork { get; }

    /// <summary>The inference slices of a sub-network; made once and kept, they cost no weight memory.</summary>
    public WeightView View(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        return views.Of(subNetwork);
    }

    /// <summary>A KV cache as wide as a sub-network.</summary>
    public KvCache NewCache(SubNetwork subNetwork, int batch, int capacity) =>
        new(Config, subNetwork.ValidatedFor(Config), batch, Math.Min(capacity, Config.ContextLength), Weights.Flat.dtype, Device);

    /// <summary>Next-token logits for every position.</summary>
    /// <param name="ids_BT">Token ids, int64.</param>
    /// <param name="subNetwork">Which slice; the whole network by default.</param>
    /// <param name="cache">Past keys and values; the ids then follow what it holds.</param>
    /// <param name="observer">Sees head and neuron activations.</param>
    /// <returns>logits_BTV.</returns>
    /// <exception cref="FlextronException">More tokens than the context holds.</exception>
    public Tensor Forward(Tensor ids_BT, SubNetwork? subNetwork = null, KvCache? cache = null, IForwardObserver? observer = null)
    {
        using var scope = NewDisposeScope();
        WeightView view = View(subNetwork ?? FullNetwork);
        return Logits(view, Hidden(view, ids_BT, cache, observer)).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of the last position only: what generation needs from a prompt.</summary>
    /// <returns>logits_BV.</returns>
    public Tensor ForwardLast(Tensor ids_BT, SubNetwork subNetwork, KvCache? cache)
    {
        using var scope = NewDisposeScope();
        WeightView view = View(subNetwork);
        Tensor hidden_BTC = Hidden(view, ids_BT, cache);
        return Logits(view, hidden_BTC.select(1, -1)).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream after the last block, before the final norm; parts that keep nothing are passed by.</summary>
    /// <returns>hidden_BTC, C being the channels that the view keeps.</returns>
    public Tensor Hidden(WeightView view, Tensor ids_BT, KvCache? cache = null, IForwardObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(ids_BT);
        long time = ids_BT.size(1), start = cache?.Length ?? 0;
        RequireContext(start + time);
        using var scope = NewDisposeScope();
        Tensor x_BTC = Embed(view, ids_BT);
        for (int i = 0; i < view.Blocks.Count; i++)
        {
            if (view.Blocks[i].Shape.KvGroups > 0) x_BTC = Add(i, BlockPart.Attention, x_BTC, Attention(view.Blocks[i], i, x_BTC, cache, observer), observer);
            if (view.Blocks[i].Shape.Neurons > 0) x_BTC = Add(i, BlockPart.Mlp, x_BTC, Mlp(view.Blocks[i], i, x_BTC, observer), observer);
        }
        cache?.Advance(time);
        return x_BTC.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The residual stream at the picked tokens of a batch of trees. Behind the last attention only these are computed: for a question with one scored
    /// token, the last block then costs next to nothing.
    /// </summary>
    /// <param name="view">The slices.</param>
    /// <param name="trees">The batch.</param>
    /// <param name="prefix">A cache that holds the batch's prefix, one row, for the same sub-network; null where that is empty.</param>
    /// <returns>hidden_NC, in the order of the picks.</returns>
    /// <exception cref="FlextronException">A path is longer than the context.</exception>
    public Tensor HiddenAt(WeightView view, TokenTrees trees, KvCache? prefix = null)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(trees);
        RequireContext(trees.Depth);
        if ((prefix?.Length ?? 0) != trees.Prefix.Length) throw new ArgumentException($"The cache holds {prefix?.Length ?? 0} tokens and the prefix has {trees.Prefix.Length}.", nameof(prefix));
        if (!Config.IsAttentionOnly) return TreePaths.HiddenAt(this, view, trees, prefix);
        using var scope = NewDisposeScope();
        var layout = new TreeLayout(trees, rotary, prefix, Weights.Flat.dtype, Device);
        Tensor x = Embed(view, layout.Ids_BT);
        int last = view.Blocks.Count - 1;
        while (last >= 0 && view.Blocks[last].Shape.KvGroups == 0) last--;
        if (last < 0) x = layout.Picked.Asking(x);
        for (int i = 0; i < view.Blocks.Count; i++)
        {
            AttentionLayout asking = i == last ? layout.Picked : layout;
            if (view.Blocks[i].Shape.KvGroups > 0) x = asking.Asking(x) + Attention(view.Blocks[i], i, x, asking, observer: null);
            if (view.Blocks[i].Shape.Neurons > 0) x = x + Mlp(view.Blocks[i], i, x);
        }
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Looks the ids up in the embedding.</summary>
    /// <returns>x_BTC.</returns>
    public static Tensor Embed(WeightView view, Tensor ids_BT)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(ids_BT);
        using var scope = NewDisposeScope();
        return view.Embedding_VC.index_select(0, ids_BT.reshape(-1)).view(ids_BT.size(0), ids_BT.size(1), view.Embedding_VC.size(1)).MoveToOuterDisposeScope();
    }

    /// <summary>What a block's attention adds to the residual stream, its norm included.</summary>
    /// <param name="block">The block's slices, of at least one group.</param>
    /// <param name="index">Its index, for the cache and the observer.</param>
    /// <param name="x_BTC">The residual stream.</param>
    /// <param name="cache">Past keys and values.</param>
    /// <param name="observer">Sees the heads.</param>
    /// <returns>update_BTC.</returns>
    public Tensor Attention(BlockView block, int index, Tensor x_BTC, KvCache? cache = null, IForwardObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(x_BTC);
        return Attention(block, index, x_BTC, new SequenceLayout(rotary, cache), observer);
    }

    /// <summary>
    /// What a block adds to the residual stream, attention and MLP together; parts that keep nothing add nothing. Whoever adds it may weigh it first.
    /// </summary>
    /// <param name="block">The block's slices, of at least one part.</param>
    /// <param name="index">Its index, for the layout's cache.</param>
    /// <param name="x_BTC">The residual stream at the tokens that pass the block.</param>
    /// <param name="layout">Where they stand and what they see.</param>
    /// <param name="observer">Sees heads and neurons of these tokens.</param>
    /// <returns>update_BTC.</returns>
    internal Tensor BlockUpdate(BlockView block, int index, Tensor x_BTC, AttentionLayout layout, IForwardObserver? observer)
    {
        using var scope = NewDisposeScope();
        Tensor? attention_BTC = block.Shape.KvGroups > 0 ? Attention(block, index, x_BTC, layout, observer) : null;
        if (block.Shape.Neurons == 0) return attention_BTC!.MoveToOuterDisposeScope();
        Tensor mlp_BTC = Mlp(block, index, attention_BTC is null ? x_BTC : x_BTC + attention_BTC, observer);
        return (attention_BTC is null ? mlp_BTC : attention_BTC + mlp_BTC).MoveToOuterDisposeScope();
    }

    private static Tensor Add(int block, BlockPart part, Tensor x_BTC, Tensor update_BTC, IForwardObserver? observer)
    {
        observer?.OnUpdate(block, part, x_BTC, update_BTC);
        return x_BTC + update_BTC;
    }

    internal Tensor Attention(BlockView block, int index, Tensor x_BTC, AttentionLayout layout, IForwardObserver? observer)
    {
        using var scope = NewDisposeScope();
        int groups = block.Shape.KvGroups;
        BlockWeights w = block.Weights;
        Tensor Heads(Tensor x, Tensor weight, int count) => functional.linear(x, weight).unflatten(x.dim() - 1, count, Config.HeadSize);
        Tensor normed_BTC = RmsNorm(x_BTC, w.AttentionNorm_C);
        observer?.OnNorm(index, normed_BTC);
        if (w.Mixer is { } mixer)
        {
            return LinearMixer.Of(mixer.Kind).Mix(
                new MixerProjections(w.Query_QC, w.Key_KC, w.Value_KC, w.Output_QC), mixer, Config.MixerShape(groups), normed_BTC, layout.RotateKeys, layout.Cache?.State(index),
                onHeads: heads_BTLH => observer?.OnHeads(index, heads_BTLH)).MoveToOuterDisposeScope();
        }
        Tensor query_BLTH = layout.RotateQueries(Heads(layout.Asking(normed_BTC), w.Query_QC, groups * Config.HeadsPerGroup)).transpose(1, 2);
        Tensor key_BGTH = layout.RotateKeys(Heads(normed_BTC, w.Key_KC, groups)).transpose(1, 2);
        Tensor value_BGTH = Heads(normed_BTC, w.Value_KC, groups).transpose(1, 2);
        (key_BGTH, value_BGTH) = layout.Extend(index, key_BGTH, value_BGTH);
        Tensor heads_BTLH = layout.Answer(layout.Attend(query_BLTH, RepeatGroups(key_BGTH), RepeatGroups(value_BGTH)).transpose(1, 2));
        observer?.OnHeads(index, heads_BTLH);
        return heads_BTLH.flatten(heads_BTLH.dim() - 2).matmul(w.Output_QC).MoveToOuterDisposeScope();
    }

    /// <summary>What a block's MLP of at least one neuron adds to the residual stream, its norm included.</summary>
    /// <returns>update_BTC.</returns>
    public Tensor Mlp(BlockView block, int index, Tensor x_BTC, IForwardObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(block);
        using var scope = NewDisposeScope();
        BlockWeights w = block.Weights;
        Tensor normed_BTC = RmsNorm(x_BTC, w.MlpNorm_C);
        observer?.OnNorm(index, normed_BTC);
        Tensor gate_BTD = functional.linear(normed_BTC, w.Gate_DC);
        Tensor gated_BTD = functional.silu(gate_BTD) * functional.linear(normed_BTC, w.Up_DC);
        observer?.OnNeurons(index, gate_BTD, gated_BTD);
        return gated_BTD.matmul(w.Down_DC).MoveToOuterDisposeScope();
    }

    /// <summary>Final norm and head.</summary>
    /// <param name="view">The slices.</param>
    /// <param name="hidden">…C.</param>
    /// <returns>…V.</returns>
    public Tensor Logits(WeightView view, Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(view);
        using var scope = NewDisposeScope();
        return functional.linear(RmsNorm(hidden, view.FinalNorm_C), view.Head_VC).MoveToOuterDisposeScope();
    }

    /// <summary>Drops the kept inference slices, as must be done when the weights' storage is replaced.</summary>
    public void ForgetViews() => views.Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetViews();
        rotary.Dispose();
        if (ownsWeights) Weights.Dispose();
    }

    // In half precision squares overflow and means lose digits, so the norm itself is computed in float32, as the reference implementations do.
    internal Tensor RmsNorm(Tensor x, Tensor weight_C)
    {
        bool half = x.dtype is ScalarType.Float16 or ScalarType.BFloat16;
        Tensor wide = half ? x.to(ScalarType.Float32) : x;
        Tensor normed = wide * ((wide * wide).mean([-1], keepdim: true) + Config.NormEpsilon).rsqrt();
        return (half ? normed.to(x.dtype) : normed) * weight_C;
    }

    private void RequireContext(long tokens)
    {
        if (tokens > Config.ContextLength)
            throw new FlextronException($"{tokens} tokens do not fit the model's context of {Config.ContextLength}: shorten the text or cut it into windows.");
    }

    internal Tensor RepeatGroups(Tensor x_BGTH)
    {
        if (Config.HeadsPerGroup == 1) return x_BGTH;
        (long batch, long groups, long time, long size) = (x_BGTH.size(0), x_BGTH.size(1), x_BGTH.size(2), x_BGTH.size(3));
        return x_BGTH.unsqueeze(2).expand(batch, groups, Config.HeadsPerGroup, time, size).reshape(batch, groups * Config.HeadsPerGroup, time, size);
    }
}
