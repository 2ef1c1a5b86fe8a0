using Flextron.Mixers;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Models;

/// <summary>
/// The forward pass of a decoder of any <see cref="DecoderArchitecture"/>, with attention or a linear mixer in its place, at the width of any sub-network.
/// Slices do the work: a narrower view means smaller matrix products.
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
        rotary = new RotaryTable(Config, Device);
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
        var layout = new SequenceLayout(Config, rotary, cache);
        Tensor x_BTC = Embed(view, ids_BT, start);
        for (int i = 0; i < view.Blocks.Count; i++) x_BTC = Block(view.Blocks[i], i, x_BTC, layout, observer);
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
        var layout = new TreeLayout(trees, Config, rotary, prefix, Weights.Flat.dtype, Device);
        Tensor x = Look(view, layout.Ids_BT, view.Positions_TC?.index_select(0, layout.Positions_N));
        int last = view.Blocks.Count - 1;
        while (last >= 0 && view.Blocks[last].Shape.KvGroups == 0) last--;
        if (last < 0) x = layout.Picked.Asking(x);
        for (int i = 0; i < view.Blocks.Count; i++) x = Block(view.Blocks[i], i, x, i == last ? layout.Picked : layout, observer: null);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Looks the ids up in the embedding and adds learned positions where there are any.</summary>
    /// <param name="view">The slices.</param>
    /// <param name="ids_BT">Token ids, int64.</param>
    /// <param name="start">Position of the first id of every row.</param>
    /// <returns>x_BTC.</returns>
    public static Tensor Embed(WeightView view, Tensor ids_BT, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(ids_BT);
        using var scope = NewDisposeScope();
        return Look(view, ids_BT, view.Positions_TC?.narrow(0, start, ids_BT.size(1))).MoveToOuterDisposeScope();
    }

    private static Tensor Look(WeightView view, Tensor ids_BT, Tensor? positions)
    {
        Tensor x_BTC = view.Embedding_VC.index_select(0, ids_BT.reshape(-1)).view(ids_BT.size(0), ids_BT.size(1), view.Embedding_VC.size(1));
        if (view.EmbeddingFactor is { } factor) x_BTC = x_BTC * factor;
        return positions is null ? x_BTC : x_BTC + (positions.size(0) == ids_BT.size(1) ? positions : positions.view_as(x_BTC));
    }

    // The residual stream behind a block, at the rows that the layout asks for; parts that keep nothing are passed by.
    private Tensor Block(BlockView block, int index, Tensor x, AttentionLayout layout, IForwardObserver? observer)
    {
        Tensor entering = layout.Asking(x), middle = entering;
        if (block.Shape.KvGroups > 0) middle = Add(index, BlockPart.Attention, entering, Attention(block, index, x, layout, observer), observer);
        if (block.Shape.Neurons == 0) return middle;
        return Add(index, BlockPart.Mlp, middle, Mlp(block, index, MlpInput(entering, middle), observer), observer);
    }

    /// <summary>What a block's MLP reads: what the attention read where the architecture adds both to the same residual stream, what it left otherwise.</summary>
    /// <param name="entering">The residual stream before the block's attention.</param>
    /// <param name="attended">The residual stream behind it.</param>
    public Tensor MlpInput(Tensor entering, Tensor attended) => Config.Architecture.ParallelResidual ? entering : attended;

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
        return Attention(block, index, x_BTC, new SequenceLayout(Config, rotary, cache), observer);
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
        Tensor mlp_BTC = Mlp(block, index, attention_BTC is null ? x_BTC : MlpInput(x_BTC, x_BTC + attention_BTC), observer);
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
        BlockWeights w = block.Weights;
        Tensor normed_BTC = Norm(x_BTC, w.AttentionNorm_C, w.AttentionNormBias_C);
        observer?.OnNorm(index, normed_BTC);
        if (w.Mixer is not null) return Weighed(Biased(Mix(w, index, block.Shape, normed_BTC, layout, observer), w.OutputBias_C)).MoveToOuterDisposeScope();
        Tensor query_BLTH = ScaledQueries(layout.RotateQueries(index, Heads(layout.Asking(normed_BTC), w.Query_QC, w.QueryBias_Q, w.QueryNorm_H))).transpose(1, 2);
        Tensor key_BGTH = layout.RotateKeys(index, Heads(normed_BTC, w.Key_KC, w.KeyBias_K, w.KeyNorm_H)).transpose(1, 2);
        Tensor value_BGTH = Heads(normed_BTC, w.Value_KC, w.ValueBias_K, norm_H: null).transpose(1, 2);
        (key_BGTH, value_BGTH) = layout.Extend(index, key_BGTH, value_BGTH);
        Tensor heads_BTLH = layout.Answer(Attend(index, query_BLTH, key_BGTH, value_BGTH, layout).transpose(1, 2));
        observer?.OnHeads(index, heads_BTLH);
        return Weighed(Biased(heads_BTLH.flatten(heads_BTLH.dim() - 2).matmul(w.Output_QC), w.OutputBias_C)).MoveToOuterDisposeScope();
    }

    // The heads of the last groups see an earlier block's keys and values too, where the model has it so and that block keeps these groups.
    private Tensor Attend(int index, Tensor query_BLTH, Tensor key_BGSH, Tensor value_BGSH, AttentionLayout layout)
    {
        if (Config.SkipLayer is not { } skip) return layout.Attend(index, query_BLTH, RepeatGroups(key_BGSH), RepeatGroups(value_BGSH));
        layout.Pass(index, key_BGSH.alias().MoveToOuterDisposeScope(), value_BGSH.alias().MoveToOuterDisposeScope());
        long groups = key_BGSH.size(1);
        if (skip.Kept((int)groups, Config.KvGroupCount) is not { } kept || layout.Passed(index - skip.Distance) is not { } earlier || earlier.Key_BGSH.size(1) < groups)
            return layout.Attend(index, query_BLTH, RepeatGroups(key_BGSH), RepeatGroups(value_BGSH));
        long own = groups - kept.Groups;
        Tensor Last(Tensor x_BGSH) => RepeatGroups(x_BGSH.narrow(1, own, kept.Groups));
        Tensor Queries(long from, long count) => query_BLTH.narrow(1, from * Config.HeadsPerGroup, count * Config.HeadsPerGroup);
        Tensor both = layout.AttendBoth(index, Queries(own, kept.Groups), Last(key_BGSH), Last(value_BGSH), Last(earlier.Key_BGSH), Last(earlier.Value_BGSH));
        return own == 0 ? both : cat([layout.Attend(index, Queries(0, own), RepeatGroups(key_BGSH.narrow(1, 0, own)), RepeatGroups(value_BGSH.narrow(1, 0, own))), both], 1);
    }

    private Tensor Mix(BlockWeights w, int index, BlockShape shape, Tensor normed_BTC, AttentionLayout layout, IForwardObserver? observer)
    {
        var projections = new MixerProjections(w.Query_QC, w.Key_KC, w.Value_KC, w.Output_QC)
        {
            QueryBias_Q = w.QueryBias_Q, KeyBias_K = w.KeyBias_K, ValueBias_K = w.ValueBias_K, QueryNorm_H = w.QueryNorm_H, KeyNorm_H = w.KeyNorm_H,
        };
        return LinearMixer.Of(w.Mixer!.Kind).Mix(
            projections, w.Mixer, Config.MixerShape(shape.KvGroups), normed_BTC, heads_BTLH => layout.RotateKeys(index, heads_BTLH), layout.Cache?.State(index), onHeads: heads_BTLH => observer?.OnHeads(index, heads_BTLH));
    }

    /// <summary>What a block's MLP of at least one neuron adds to the residual stream, its norm included.</summary>
    /// <returns>update_BTC.</returns>
    public Tensor Mlp(BlockView block, int index, Tensor x_BTC, IForwardObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(block);
        using var scope = NewDisposeScope();
        BlockWeights w = block.Weights;
        Tensor normed_BTC = Norm(x_BTC, w.MlpNorm_C, w.MlpNormBias_C);
        observer?.OnNorm(index, normed_BTC);
        (Tensor before_BTD, Tensor neurons_BTD) = Neurons(normed_BTC, w.Gate_DC, w.GateBias_D, w.Up_DC, w.UpBias_D);
        observer?.OnNeurons(index, before_BTD, neurons_BTD);
        return Weighed(Biased(neurons_BTD.matmul(w.Down_DC), w.DownBias_C)).MoveToOuterDisposeScope();
    }

    /// <summary>Final norm and head.</summary>
    /// <param name="view">The slices.</param>
    /// <param name="hidden">…C.</param>
    /// <returns>…V.</returns>
    public Tensor Logits(WeightView view, Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(view);
        using var scope = NewDisposeScope();
        Tensor logits = functional.linear(Norm(hidden, view.FinalNorm_C, view.FinalNormBias_C), view.Head_VC);
        return (Config.Architecture.LogitDivisor is { } divisor ? logits / divisor : logits).MoveToOuterDisposeScope();
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

    /// <summary>The architecture's norm over the last axis.</summary>
    internal Tensor Norm(Tensor x, Tensor weight_C, Tensor? bias_C) => Config.Architecture.Norm == NormKind.Layer
        ? functional.layer_norm(x, [x.size(-1)], weight_C, bias_C!, Config.NormEpsilon)
        : RmsNorm(x, weight_C);

    /// <summary>One of the projections that attention begins with, …C to …LH, each head normed where there is a norm for it.</summary>
    internal Tensor Heads(Tensor x, Tensor weight, Tensor? bias, Tensor? norm_H)
    {
        Tensor heads = functional.linear(x, weight, bias).unflatten(x.dim() - 1, -1, Config.HeadSize);
        return norm_H is null ? heads : RmsNorm(heads, norm_H);
    }

    /// <summary>The MLP's neurons, before the non-linearity and as the down projection receives them, …C to …D.</summary>
    internal (Tensor Before, Tensor Neurons) Neurons(Tensor normed, Tensor? gate_DC, Tensor? gateBias_D, Tensor up_DC, Tensor? upBias_D)
    {
        Tensor up = functional.linear(normed, up_DC, upBias_D);
        if (gate_DC is null) return (up, Activate(up));
        Tensor gate = functional.linear(normed, gate_DC, gateBias_D);
        return (gate, Activate(gate) * up);
    }

    /// <summary>Queries as attention takes them, which divides by √H: multiplied where the architecture has another scale.</summary>
    internal Tensor ScaledQueries(Tensor query) => Config.Architecture.AttentionScale is { } scale ? query * (scale * Math.Sqrt(Config.HeadSize)) : query;

    /// <summary>An update as it is added to the residual stream.</summary>
    internal Tensor Weighed(Tensor update) => Config.Architecture.ResidualFactor is { } factor ? update * factor : update;

    /// <summary>An update with what the part adds to the residual stream in any case.</summary>
    internal static Tensor Biased(Tensor update, Tensor? bias_C) => bias_C is null ? update : update + bias_C;

    private Tensor Activate(Tensor x) => Config.Architecture.Activation switch
    {
        ActivationKind.Silu => functional.silu(x),
        ActivationKind.Gelu => functional.gelu(x),
        ActivationKind.Relu => functional.relu(x),
        _ => 0.5 * x * (1 + (Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)).tanh()),
    };

    // In half precision squares overflow and means lose digits, so the norm itself is computed in float32, as the reference implementations do.
    private Tensor RmsNorm(Tensor x, Tensor weight)
    {
        bool half = x.dtype is ScalarType.Float16 or ScalarType.BFloat16;
        Tensor wide = half ? x.to(ScalarType.Float32) : x;
        Tensor normed = wide * ((wide * wide).mean([-1], keepdim: true) + Config.NormEpsilon).rsqrt();
        return (half ? normed.to(x.dtype) : normed) * weight;
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
