using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Models;

/// <summary>
/// The forward pass of a Llama-architecture decoder (RMS norm, rotary positions, grouped-query attention, SwiGLU) at the width of any
/// sub-network. Slices do the work: a narrower view means smaller matrix products.
/// </summary>
public sealed class DecoderModel : IDisposable
{
    private readonly Dictionary<SubNetwork, WeightView> views = [];
    private readonly RotaryTable rotary;
    private readonly bool ownsWeights;

    /// <summary>Wraps weights.</summary>
    /// <param name="weights">The parameters.</param>
    /// <param name="ownsWeights">Whether disposing the model disposes them.</param>
    public DecoderModel(DecoderWeights weights, bool ownsWeights = true)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Weights = weights;
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

    /// <summary>Cosines and sines of the rotary angles by position, for kernels.</summary>
    internal (Tensor Cos_TI, Tensor Sin_TI) RotaryAngles => rotary.Angles;

    /// <summary>The inference slices of a sub-network; made once and kept, they cost no weight memory.</summary>
    public WeightView View(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        if (views.TryGetValue(subNetwork, out WeightView? view)) return view;
        if (views.Count >= 1024) ForgetViews();
        return views[subNetwork] = WeightView.Of(Weights, subNetwork);
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
        if (start + time > Config.ContextLength)
            throw new FlextronException($"{start + time} tokens do not fit the model's context of {Config.ContextLength}: shorten the text or cut it into windows.");
        using var scope = NewDisposeScope();
        Tensor x_BTC = Embed(view, ids_BT);
        for (int i = 0; i < view.Blocks.Count; i++)
        {
            if (view.Blocks[i].Shape.KvGroups > 0) x_BTC = x_BTC + Attention(view.Blocks[i], i, x_BTC, cache, observer);
            if (view.Blocks[i].Shape.Neurons > 0) x_BTC = x_BTC + Mlp(view.Blocks[i], i, x_BTC, observer);
        }
        cache?.Advance(time);
        return x_BTC.MoveToOuterDisposeScope();
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
        using var scope = NewDisposeScope();
        (long batch, long time, long start) = (x_BTC.size(0), x_BTC.size(1), cache?.Length ?? 0);
        int groups = block.Shape.KvGroups, heads = groups * Config.HeadsPerGroup, size = Config.HeadSize;
        BlockWeights w = block.Weights;
        Tensor normed_BTC = RmsNorm(x_BTC, w.AttentionNorm_C);
        Tensor query_BLTH = rotary.Rotate(functional.linear(normed_BTC, w.Query_QC).view(batch, time, heads, size), start).transpose(1, 2);
        Tensor key_BGTH = rotary.Rotate(functional.linear(normed_BTC, w.Key_KC).view(batch, time, groups, size), start).transpose(1, 2);
        Tensor value_BGTH = functional.linear(normed_BTC, w.Value_KC).view(batch, time, groups, size).transpose(1, 2);
        if (cache is not null) (key_BGTH, value_BGTH) = cache.Append(index, key_BGTH, value_BGTH);
        Tensor heads_BLTH = Attend(query_BLTH, RepeatGroups(key_BGTH), RepeatGroups(value_BGTH), start);
        Tensor heads_BTLH = heads_BLTH.transpose(1, 2);
        observer?.OnHeads(index, heads_BTLH);
        return heads_BTLH.reshape(batch, time, (long)heads * size).matmul(w.Output_QC).MoveToOuterDisposeScope();
    }

    /// <summary>What a block's MLP of at least one neuron adds to the residual stream, its norm included.</summary>
    /// <returns>update_BTC.</returns>
    public Tensor Mlp(BlockView block, int index, Tensor x_BTC, IForwardObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(block);
        using var scope = NewDisposeScope();
        BlockWeights w = block.Weights;
        Tensor normed_BTC = RmsNorm(x_BTC, w.MlpNorm_C);
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
    public void ForgetViews()
    {
        foreach (WeightView view in views.Values) view.Dispose();
        views.Clear();
    }

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

    internal Tensor RepeatGroups(Tensor x_BGTH)
    {
        if (Config.HeadsPerGroup == 1) return x_BGTH;
        (long batch, long groups, long time, long size) = (x_BGTH.size(0), x_BGTH.size(1), x_BGTH.size(2), x_BGTH.size(3));
        return x_BGTH.unsqueeze(2).expand(batch, groups, Config.HeadsPerGroup, time, size).reshape(batch, groups * Config.HeadsPerGroup, time, size);
    }

    private static Tensor Attend(Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH, long start)
    {
        long time = query_BLTH.size(2);
        if (start == 0) return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, is_casual: time > 1);
        if (time == 1) return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH);
        // Torch's causal flag aligns the mask to the top left, which is wrong behind a cache: query t may see keys 0 … start + t.
        Tensor visible_TS = ones([time, start + time], ScalarType.Bool, query_BLTH.device).tril(start);
        return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, attn_mask: visible_TS);
    }
}
