using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.MixtureOfDepths;

/// <summary>
/// Tokens that pass a routed block, packed into a grid of R sequences × P tokens. They see those before them that passed it too; their rotary angles are
/// those of their places in the text, not of the packed sequence. Tensors belong to the dispose scope in which it is made.
/// </summary>
internal sealed class RoutedLayout : AttentionLayout
{
    private readonly RotaryTable rotary;
    private readonly TokenGroup tokens;
    private readonly RaggedCache? cache;
    private readonly Tensor flat_N, gridPositions_M;
    private readonly Tensor? grid_N;
    private readonly int[] past;
    private readonly int end;

    /// <param name="rotary">Positions.</param>
    /// <param name="tokens">At least one.</param>
    /// <param name="start">Position of the pass's first token.</param>
    /// <param name="end">Position behind its last.</param>
    /// <param name="cache">The block's past keys and values, or null.</param>
    /// <param name="device">Where.</param>
    public RoutedLayout(RotaryTable rotary, TokenGroup tokens, int start, int end, RaggedCache? cache, Device device)
    {
        (this.rotary, this.tokens, this.cache, this.end) = (rotary, tokens, cache, end);
        flat_N = tokens.Flat_N(device);
        grid_N = tokens.IsRectangular ? null : tokens.Grid_N(device);
        Tensor positions_N = tokens.Positions_N(start, device);
        gridPositions_M = grid_N is null ? positions_N : zeros(Slots, ScalarType.Int64, device).index_copy_(0, grid_N, positions_N);
        past = cache is null ? new int[tokens.Sequences.Length] : [.. tokens.Sequences.Select(b => cache.Lengths[b])];
    }

    private long Slots => (long)tokens.Sequences.Length * tokens.Longest;

    /// <summary>Picks the tokens out of a stream, padding at the end of shorter sequences.</summary>
    /// <param name="x_NC">All tokens of the pass.</param>
    /// <returns>x_RPC.</returns>
    public Tensor Pack(Tensor x_NC)
    {
        Tensor picked_NC = x_NC.index_select(0, flat_N);
        if (grid_N is not null) picked_NC = zeros([Slots, x_NC.size(1)], x_NC.dtype, x_NC.device).index_copy(0, grid_N, picked_NC);
        return picked_NC.view(tokens.Sequences.Length, tokens.Longest, x_NC.size(1));
    }

    /// <summary>Adds the tokens' updates to the stream, each times its weight; every other token stays what it was.</summary>
    /// <param name="x_NC">All tokens of the pass.</param>
    /// <param name="update_RPC">The block's output for the packed ones.</param>
    /// <param name="weight_N">The router's weight of all tokens of the pass.</param>
    /// <returns>The stream behind the block.</returns>
    public Tensor AddTo(Tensor x_NC, Tensor update_RPC, Tensor weight_N)
    {
        Tensor update_NC = update_RPC.reshape(Slots, x_NC.size(1));
        if (grid_N is not null) update_NC = update_NC.index_select(0, grid_N);
        return x_NC.index_add(0, flat_N, update_NC * weight_N.index_select(0, flat_N).unsqueeze(1), 1);
    }

    public override Tensor RotateKeys(int block, Tensor key_RPGH) =>
        rotary.Turns(block) ? rotary.RotateAt(key_RPGH.flatten(0, 1), gridPositions_M, end).view(key_RPGH.shape) : key_RPGH;

    public override Tensor RotateQueries(int block, Tensor query_RPLH) => RotateKeys(block, query_RPLH);

    public override (Tensor Key_BGSH, Tensor Value_BGSH) Extend(int block, Tensor key_RGPH, Tensor value_RGPH)
    {
        if (cache is null) return (key_RGPH, value_RGPH);
        (long groups, long size) = (key_RGPH.size(1), key_RGPH.size(3));
        Tensor Rows(Tensor x_RGPH)
        {
            Tensor rows = x_RGPH.transpose(1, 2).reshape(Slots, groups * size);
            return grid_N is null ? rows : rows.index_select(0, grid_N);
        }

        cache.Append(Rows(key_RGPH), Rows(value_RGPH), tokens.SequenceOfEach());
        if (past.All(p => p == 0)) return (key_RGPH, value_RGPH);
        (Tensor keys_BSW, Tensor values_BSW) = cache.First(tokens.Sequences.Max(b => cache.Lengths[b]));
        Tensor Held(Tensor held_BSW)
        {
            bool all = tokens.Sequences.Length == held_BSW.size(0);
            Tensor of_RSW = all ? held_BSW : held_BSW.index_select(0, tensor(tokens.Sequences.Select(b => (long)b).ToArray()).to(held_BSW.device));
            return of_RSW.unflatten(2, groups, size).transpose(1, 2);
        }

        return (Held(keys_BSW), Held(values_BSW));
    }

    public override Tensor Attend(int block, Tensor query_RLPH, Tensor key_RLSH, Tensor value_RLSH)
    {
        // Padding stands at the end, where a causal mask keeps it out of sight of every real token.
        if (past.All(p => p == 0)) return functional.scaled_dot_product_attention(query_RLPH, key_RLSH, value_RLSH, is_casual: tokens.Longest > 1);
        int slots = (int)key_RLSH.size(2);
        Tensor? visible_R1PS = tokens.Longest == 1 && past.All(p => p + 1 == slots) ? null : RaggedCache.Visible(past, tokens.Longest, slots, query_RLPH.device);
        return functional.scaled_dot_product_attention(query_RLPH, key_RLSH, value_RLSH, attn_mask: visible_R1PS);
    }
}
