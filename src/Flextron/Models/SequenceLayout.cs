using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Models;

/// <summary>Rows that are sequences, perhaps behind a cache: a token sees itself and everything before it.</summary>
/// <param name="rotary">Positions.</param>
/// <param name="cache">Past keys and values, or null.</param>
internal sealed class SequenceLayout(RotaryTable rotary, KvCache? cache) : AttentionLayout
{
    private readonly long start = cache?.Length ?? 0;

    public override KvCache? Cache => cache;

    public override Tensor RotateKeys(Tensor key_BTGH) => rotary.Rotate(key_BTGH, start);

    public override Tensor RotateQueries(Tensor query) => rotary.Rotate(query, start);

    public override (Tensor Key_BGSH, Tensor Value_BGSH) Extend(int block, Tensor key_BGTH, Tensor value_BGTH) =>
        cache?.Append(block, key_BGTH, value_BGTH) ?? (key_BGTH, value_BGTH);

    public override Tensor Attend(Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH)
    {
        long time = query_BLTH.size(2);
        if (start == 0) return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, is_casual: time > 1);
        if (time == 1) return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH);
        // Torch's causal flag aligns the mask to the top left, which is wrong behind a cache: query t may see keys 0 … start + t.
        Tensor visible_TS = ones([time, start + time], ScalarType.Bool, query_BLTH.device).tril(start);
        return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, attn_mask: visible_TS);
    }
}
