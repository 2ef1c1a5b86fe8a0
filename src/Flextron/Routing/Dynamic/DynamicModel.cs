using Flextron.Elastic;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Runs a network in which every token has its own width in every layer. Tokens are grouped by choice within a layer and each group goes through a real
/// slice of the weights: a token of a quarter of the neurons costs a quarter of the arithmetic.
/// </summary>
/// <remarks>
/// <para><b>Which keys and values exist.</b> A token that chose g of G key/value groups has queries, keys and values in groups 0 … g − 1 only. In group j
/// a token of more than j groups attends to those earlier tokens (and itself) that have more than j groups too; tokens that chose fewer are
/// invisible there, at their own positions: rotary angles are those of the text, not of the packed sequence. Where all tokens choose alike, this is exactly the static sub-network.</para>
/// <para>Attention runs level by level, a level being the groups between two neighbouring choices: its tokens are packed, sequence by sequence,
/// and attend causally among themselves, so scores are computed for existing pairs only. <see cref="DynamicCache"/> keeps the same packed rows, so decoding token by token equals
/// one pass over the text under the same choices.</para>
/// </remarks>
public sealed class DynamicModel
{
    private readonly DecoderModel model;
    private readonly ElasticSpace space;
    private readonly Func<SubNetwork, WeightView> views;

    /// <summary>For inference.</summary>
    /// <param name="model">The LM.</param>
    /// <param name="space">Its choices.</param>
    public DynamicModel(DecoderModel model, ElasticSpace space)
        : this(model, space, (model ?? throw new ArgumentNullException(nameof(model))).View)
    {
    }

    /// <summary>Over given slices, such as those that gradients add up in.</summary>
    internal DynamicModel(DecoderModel model, ElasticSpace space, Func<SubNetwork, WeightView> views) =>
        (this.model, this.space, this.views) = (model, Checked(model.Config, space), views);

    private static ElasticSpace Checked(ModelConfig config, ElasticSpace space)
    {
        config.RequireAttention("Routing token by token", "use static routers");
        config.RequireWholeContext("Routing token by token", "use static routers");
        return space.ValidatedFor(config, "Dynamic routing").Blockwise;
    }

    /// <summary>The LM.</summary>
    public DecoderModel Model => model;

    /// <summary>The choices.</summary>
    public ElasticSpace Space => space;

    /// <summary>An empty cache.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="capacity">Tokens of each.</param>
    public DynamicCache NewCache(int batch, int capacity) => new(model.Config, space, batch, capacity, model.Weights.Flat.dtype, model.Device);

    /// <summary>Logits of every position.</summary>
    /// <param name="ids_BT">Token ids.</param>
    /// <param name="choices">Decides every token's widths.</param>
    /// <param name="cache">Past keys and values; the ids then follow what it has read.</param>
    /// <returns>logits_BTV.</returns>
    public Tensor Forward(Tensor ids_BT, ITokenChoices choices, DynamicCache? cache = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return model.Logits(model.View(model.FullNetwork), Hidden(ids_BT, choices, cache)).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of the last position only.</summary>
    /// <returns>logits_BV.</returns>
    public Tensor ForwardLast(Tensor ids_BT, ITokenChoices choices, DynamicCache? cache = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return model.Logits(model.View(model.FullNetwork), Hidden(ids_BT, choices, cache).select(1, -1)).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream after the last block.</summary>
    /// <returns>hidden_BTC.</returns>
    /// <exception cref="FlextronException">More tokens than the context or the cache holds.</exception>
    public Tensor Hidden(Tensor ids_BT, ITokenChoices choices, DynamicCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(ids_BT);
        ArgumentNullException.ThrowIfNull(choices);
        using var noGrad = no_grad();
        return Stream(ids_BT, choices, cache);
    }

    /// <summary>Logits of every position, differentiable in the slices. Choices are constants.</summary>
    /// <returns>logits_BTV.</returns>
    internal Tensor Differentiable(Tensor ids_BT, ITokenChoices choices)
    {
        using var scope = NewDisposeScope();
        return model.Logits(views(model.FullNetwork), Stream(ids_BT, choices, null)).MoveToOuterDisposeScope();
    }

    private Tensor Stream(Tensor ids_BT, ITokenChoices choices, DynamicCache? cache)
    {
        (int time, int start) = ((int)ids_BT.size(1), cache?.Length ?? 0);
        int limit = cache?.Capacity ?? model.Config.ContextLength;
        if (start + time > limit)
            throw new FlextronException($"{start + time} tokens do not fit the {limit} that {(cache is null ? "the model's context" : "the cache")} holds: shorten the text or cut it into windows.");
        using var scope = NewDisposeScope();
        WeightView whole = views(model.FullNetwork);
        Tensor x_BTC = DecoderModel.Embed(whole, ids_BT, start);
        for (int i = 0; i < whole.Blocks.Count; i++)
        {
            Tensor middle_BTC = x_BTC + Attention(whole.Blocks[i].Weights, i, x_BTC, choices.Choose(i, x_BTC), start, cache);
            Tensor read_BTC = model.MlpInput(x_BTC, middle_BTC);
            x_BTC = middle_BTC + Mlp(whole.Blocks[i].Weights, i, read_BTC, choices.Choose(whole.Blocks.Count + i, read_BTC));
        }
        cache?.Advance(time);
        return x_BTC.MoveToOuterDisposeScope();
    }

    private Tensor Mlp(BlockWeights w, int block, Tensor x_BTC, int[] choice)
    {
        using var scope = NewDisposeScope();
        ChoiceGroups sorted = ChoiceGroups.Of(choice, space.Neurons.Length);
        BlockView Slice(int width) => views(Alike(model.Config.KvGroupCount, width)).Blocks[block];
        if (sorted.Groups.Count == 1)
        {
            int width = space.Neurons[choice[0]];
            return (width == 0 ? zeros_like(x_BTC) : model.Mlp(Slice(width), block, x_BTC)).MoveToOuterDisposeScope();
        }
        Tensor order_N = tensor(sorted.Order_N, device: x_BTC.device), place_N = tensor(sorted.Place_N, device: x_BTC.device);
        Tensor normed_NC = model.Norm(x_BTC.reshape(choice.Length, -1).index_select(0, order_N), w.MlpNorm_C, w.MlpNormBias_C);
        Tensor Update(int width, Tensor in_NC)
        {
            if (width == 0) return zeros_like(in_NC);
            BlockWeights slice = Slice(width).Weights;
            (_, Tensor neurons_ND) = model.Neurons(in_NC, slice.Gate_DC, slice.GateBias_D, slice.Up_DC, slice.UpBias_D);
            return model.Weighed(DecoderModel.Biased(neurons_ND.matmul(slice.Down_DC), slice.DownBias_C));
        }

        Tensor[] updates = [.. sorted.Groups.Select(g => Update(space.Neurons[g.Choice], normed_NC.narrow(0, g.First, g.Count)))];
        return cat(updates, 0).index_select(0, place_N).view(x_BTC.shape).MoveToOuterDisposeScope();
    }

    private SubNetwork Alike(int groups, int neurons) => new(Enumerable.Repeat(new BlockShape(groups, neurons), model.Config.BlockCount));

    private Tensor Attention(BlockWeights w, int block, Tensor x_BTC, int[] choice, int start, DynamicCache? cache)
    {
        using var scope = NewDisposeScope();
        // Without a past, tokens that all choose alike are a static network's: no packing, no levels.
        if (cache is null && space.KvGroups[choice[0]] is > 0 and var alike && !choice.AsSpan().ContainsAnyExcept(choice[0]))
            return model.Attention(views(Alike(alike, model.Config.NeuronCount)).Blocks[block], block, x_BTC).MoveToOuterDisposeScope();
        (int batch, int time, long channels) = ((int)x_BTC.size(0), (int)x_BTC.size(1), x_BTC.size(2));
        Tensor flat_NC = model.Norm(x_BTC, w.AttentionNorm_C, w.AttentionNormBias_C).view(-1, channels);
        Tensor update_NC = zeros_like(flat_NC);
        for (int level = 0; level < space.KvGroups.Length; level++)
        {
            int first = level == 0 ? 0 : space.KvGroups[level - 1], groups = space.KvGroups[level] - first;
            if (groups == 0) continue;
            int reached = level;
            TokenGroup tokens = TokenGroup.Of(batch, time, at => choice[at] >= reached);
            if (tokens.Tokens.Count == 0) break;
            using var part = NewDisposeScope();
            bool all = tokens.Tokens.Count == choice.Length;
            Tensor? index_N = all ? null : tokens.Flat_N(x_BTC.device);
            Tensor out_NC = Level(block, w, all ? flat_NC : flat_NC.index_select(0, index_N!), tokens, first, groups, start, cache?.At(block, level));
            if (all) update_NC = (update_NC + out_NC).MoveToOuterDisposeScope();
            else update_NC.index_add_(0, index_N!, out_NC, 1);
        }
        return model.Weighed(update_NC).view(batch, time, channels).MoveToOuterDisposeScope();
    }

    // Letters: N tokens of the level, R sequences that have any, P the most that one has, S key slots, g groups, q query heads of the level.
    private Tensor Level(int block, BlockWeights w, Tensor in_NC, TokenGroup tokens, int firstGroup, int groups, int start, RaggedCache? cache)
    {
        (int perGroup, int size) = (model.Config.HeadsPerGroup, model.Config.HeadSize);
        int heads = groups * perGroup;
        Tensor Rows(Tensor weight, int unit) => weight.narrow(0, (long)firstGroup * unit, (long)groups * unit);
        Tensor Heads(Tensor weight, Tensor? bias, Tensor? norm_H, int unit) => model.Heads(in_NC, Rows(weight, unit), bias is null ? null : Rows(bias, unit), norm_H);
        Tensor positions_N = tokens.Positions_N(start, in_NC.device);
        Tensor Rotated(Tensor heads_NhH) => model.Rotary.Turns(block) ? model.Rotary.RotateAt(heads_NhH, positions_N, model.Config.ContextLength) : heads_NhH;
        Tensor query_NqH = model.ScaledQueries(Rotated(Heads(w.Query_QC, w.QueryBias_Q, w.QueryNorm_H, perGroup * size))), key_NgH = Rotated(Heads(w.Key_KC, w.KeyBias_K, w.KeyNorm_H, size));
        Tensor value_NgH = Heads(w.Value_KC, w.ValueBias_K, norm_H: null, size);
        Tensor? grid_N = tokens.IsRectangular ? null : tokens.Grid_N(in_NC.device);
        Tensor query_RqPH = Grid(query_NqH, tokens, grid_N).transpose(1, 2);
        Tensor key_RgSH, value_RgSH;
        Tensor? visible_R1PS = null;
        int[] past = cache is null ? [] : [.. tokens.Sequences.Select(b => cache.Lengths[b])];
        if (cache is not null) cache.Append(key_NgH.reshape(-1, groups * size), value_NgH.reshape(-1, groups * size), tokens.SequenceOfEach());
        if (past.All(p => p == 0))
        {
            key_RgSH = Grid(key_NgH, tokens, grid_N).transpose(1, 2);
            value_RgSH = Grid(value_NgH, tokens, grid_N).transpose(1, 2);
        }
        else
        {
            int slots = tokens.Sequences.Max(b => cache!.Lengths[b]);
            (Tensor keys_BSW, Tensor values_BSW) = cache!.First(slots);
            Tensor Held(Tensor held_BSW) => (tokens.Sequences.Length == held_BSW.size(0)
                ? held_BSW : held_BSW.index_select(0, tensor(tokens.Sequences.Select(b => (long)b).ToArray(), device: in_NC.device))).unflatten(2, groups, size).transpose(1, 2);
            (key_RgSH, value_RgSH) = (Held(keys_BSW), Held(values_BSW));
            if (tokens.Longest > 1 || past.Any(p => p + 1 != slots)) visible_R1PS = RaggedCache.Visible(past, tokens.Longest, slots, in_NC.device);
        }
        Tensor heads_RqPH = functional.scaled_dot_product_attention(
            query_RqPH, model.RepeatGroups(key_RgSH), model.RepeatGroups(value_RgSH), attn_mask: visible_R1PS, is_casual: visible_R1PS is null && past.All(p => p == 0) && tokens.Longest > 1);
        Tensor out_NQ = heads_RqPH.transpose(1, 2).reshape(-1, (long)heads * size);
        if (grid_N is not null) out_NQ = out_NQ.index_select(0, grid_N);
        // Every token that attends at all is in the level of the first group: there it gets the bias, once.
        return DecoderModel.Biased(out_NQ.matmul(Rows(w.Output_QC, perGroup * size)), firstGroup == 0 ? w.OutputBias_C : null);
    }

    // Padding stands at the end, where causal attention keeps it out of sight of every real token.
    private static Tensor Grid(Tensor x_NhH, TokenGroup tokens, Tensor? grid_N)
    {
        long[] shape = [tokens.Sequences.Length, tokens.Longest, x_NhH.size(1), x_NhH.size(2)];
        if (grid_N is null) return x_NhH.view(shape);
        Tensor padded = zeros([shape[0] * shape[1], shape[2], shape[3]], x_NhH.dtype, x_NhH.device);
        return padded.index_copy_(0, grid_N, x_NhH).view(shape);
    }
}
