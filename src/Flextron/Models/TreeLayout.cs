using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Models;

/// <summary>Rows that are trees behind a common prefix. Its tensors belong to the dispose scope in which it is made.</summary>
internal sealed class TreeLayout : AttentionLayout
{
    private readonly RotaryTable rotary;
    private readonly KvCache? prefix;
    private readonly long positions;
    private readonly Func<int, bool> windowed;
    private readonly Tensor? whole_B1TS, windowed_B1TS;

    /// <summary>Lays a batch out.</summary>
    /// <param name="trees">The batch.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="rotary">Positions.</param>
    /// <param name="prefix">Keys and values of the batch's prefix, one row; null where that is empty.</param>
    /// <param name="dtype">Element type of queries.</param>
    /// <param name="device">Where.</param>
    public TreeLayout(TokenTrees trees, ModelConfig config, RotaryTable rotary, KvCache? prefix, ScalarType dtype, Device device)
    {
        (this.rotary, this.prefix, positions) = (rotary, prefix, trees.Depth);
        int start = trees.Prefix.Length;
        windowed = block => trees.Depth > config.VisibleTokens(block);
        int window = config.Architecture.SlidingWindow ?? config.ContextLength;
        IEnumerable<int> blocks = Enumerable.Range(0, config.BlockCount);
        (bool anyWindowed, bool anyWhole) = (blocks.Any(windowed), !blocks.All(windowed));
        Ids_BT = tensor(trees.Ids, trees.Rows, trees.Length, dtype: ScalarType.Int64).to(device);
        Tensor ends_BT = Longs(trees.Ends).view(trees.Rows, trees.Length);
        Positions_N = Longs(trees.Depths) + start;
        Tensor at_T = arange(trees.Length, ScalarType.Int64, device);
        // In preorder token j's descendants are j … ends[j] − 1: these see it, and nothing else does.
        Tensor Visible(Tensor asking_BS, bool inWindow)
        {
            Tensor visible_BST = (asking_BS.unsqueeze(2) >= at_T).logical_and(asking_BS.unsqueeze(2) < ends_BT.unsqueeze(1));
            Tensor? before_BSP = start == 0 ? null : ones([asking_BS.size(0), asking_BS.size(1), start], ScalarType.Bool, device);
            if (inWindow)
            {
                Tensor positions_BT = Positions_N.view(trees.Rows, trees.Length), first_BS1 = (positions_BT.gather(1, asking_BS) - (window - 1)).unsqueeze(2);
                visible_BST = visible_BST.logical_and(positions_BT.unsqueeze(1) >= first_BS1);
                before_BSP = before_BSP?.logical_and(arange(start, ScalarType.Int64, device) >= first_BS1);
            }
            return Bias(before_BSP is null ? visible_BST : cat([before_BSP, visible_BST], 2), dtype).unsqueeze(1);
        }

        Tensor all_BT = at_T.expand(trees.Rows, trees.Length);
        if (anyWhole && (trees.IsBranching || start > 0)) whole_B1TS = Visible(all_BT, inWindow: false);
        if (anyWindowed) windowed_B1TS = Visible(all_BT, inWindow: true);

        (long[] places, long[] unpack, long[] slots, int widest) = Pack(trees);
        Tensor places_N = Longs(places), unpack_M = Longs(unpack), slots_N = Longs(slots);
        Tensor asked_BS = places_N.remainder(trees.Length).index_select(0, unpack_M).view(trees.Rows, widest);
        Picked = new PickedLayout(
            this, places_N, unpack_M, slots_N, anyWhole ? Visible(asked_BS, inWindow: false) : null, anyWindowed ? Visible(asked_BS, inWindow: true) : null, trees.Rows, widest);

        Tensor Longs<TInteger>(TInteger[] values) where TInteger : struct => (values is long[] wide ? tensor(wide) : tensor((int[])(object)values).to(ScalarType.Int64)).to(device);
    }

    /// <summary>The ids.</summary>
    public Tensor Ids_BT { get; }

    /// <summary>Position of each of the B·T tokens.</summary>
    public Tensor Positions_N { get; }

    /// <summary>The same trees where only picked tokens ask.</summary>
    public AttentionLayout Picked { get; }

    public override Tensor RotateKeys(int block, Tensor key_BTGH) =>
        rotary.Turns(block) ? rotary.RotateAt(key_BTGH.flatten(0, 1), Positions_N, positions).view(key_BTGH.shape) : key_BTGH;

    public override Tensor RotateQueries(int block, Tensor query) => RotateKeys(block, query);

    public override (Tensor Key_BGSH, Tensor Value_BGSH) Extend(int block, Tensor key_BGTH, Tensor value_BGTH)
    {
        if (prefix is null) return (key_BGTH, value_BGTH);
        (Tensor key_1GPH, Tensor value_1GPH) = prefix.Held(block);
        Tensor Before(Tensor held_1GPH, Tensor x_BGTH) => cat([held_1GPH.expand(x_BGTH.size(0), -1, -1, -1), x_BGTH], 2);
        return (Before(key_1GPH, key_BGTH), Before(value_1GPH, value_BGTH));
    }

    public override Tensor Attend(int block, Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH) => (windowed(block) ? windowed_B1TS : whole_B1TS) is { } visible_B1TS
        ? functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, attn_mask: visible_B1TS)
        : functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, is_casual: query_BLTH.size(2) > 1);

    // What is added to the scores: 0 where seen, −∞ elsewhere.
    private static Tensor Bias(Tensor visible_BSK, ScalarType dtype) =>
        zeros(visible_BSK.shape, dtype, visible_BSK.device).masked_fill(visible_BSK.logical_not(), float.NegativeInfinity);

    // Picked places packed by row: for every slot of B × widest the pick that fills it, and for every pick its slot. Free slots repeat the row's first pick,
    // or for a row without one any; nobody reads them.
    private static (long[] Places, long[] Unpack, long[] Slots, int Widest) Pack(TokenTrees trees)
    {
        int[] counts = new int[trees.Rows];
        foreach (int place in trees.Picks) counts[place / trees.Length]++;
        int widest = counts.Max();
        long[] places = Array.ConvertAll(trees.Picks, place => (long)place), unpack = new long[trees.Rows * widest], slots = new long[places.Length];
        for (int row = 0, pick = 0; row < trees.Rows; row++)
        {
            Array.Fill(unpack, Math.Min(pick, places.Length - 1), row * widest, widest);
            for (int s = 0; s < counts[row]; s++, pick++)
            {
                unpack[row * widest + s] = pick;
                slots[pick] = row * widest + s;
            }
        }
        return (places, unpack, slots, widest);
    }

    private sealed class PickedLayout(
        TreeLayout all, Tensor places_N, Tensor unpack_M, Tensor slots_N, Tensor? whole_B1SS, Tensor? windowed_B1SS, int rows, int widest) : AttentionLayout
    {
        private readonly Tensor picked_N = all.Positions_N.index_select(0, places_N);

        public override Tensor Asking(Tensor x_BTC) => x_BTC.flatten(0, 1).index_select(0, places_N);

        public override Tensor RotateKeys(int block, Tensor key_BTGH) => all.RotateKeys(block, key_BTGH);

        public override Tensor RotateQueries(int block, Tensor query) =>
            (all.rotary.Turns(block) ? all.rotary.RotateAt(query, picked_N, all.positions) : query).index_select(0, unpack_M).view(rows, widest, query.size(1), query.size(2));

        public override (Tensor Key_BGSH, Tensor Value_BGSH) Extend(int block, Tensor key_BGTH, Tensor value_BGTH) => all.Extend(block, key_BGTH, value_BGTH);

        public override Tensor Attend(int block, Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH) =>
            functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, attn_mask: all.windowed(block) ? windowed_B1SS! : whole_B1SS!);

        public override Tensor Answer(Tensor heads_BTLH) => heads_BTLH.flatten(0, 1).index_select(0, slots_N);
    }
}
