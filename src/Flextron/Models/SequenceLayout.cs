using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Models;

/// <summary>Rows that are sequences, perhaps behind a cache: a token sees itself and everything before it that its window holds.</summary>
/// <param name="config">The model's shape.</param>
/// <param name="rotary">Positions.</param>
/// <param name="cache">Past keys and values, or null.</param>
internal sealed class SequenceLayout(ModelConfig config, RotaryTable rotary, KvCache? cache) : AttentionLayout
{
    private readonly long start = cache?.Length ?? 0;

    public override KvCache? Cache => cache;

    public override Tensor RotateKeys(int block, Tensor key_BTGH) => rotary.Turns(block) ? rotary.Rotate(key_BTGH, start) : key_BTGH;

    public override Tensor RotateQueries(int block, Tensor query) => RotateKeys(block, query);

    public override (Tensor Key_BGSH, Tensor Value_BGSH) Extend(int block, Tensor key_BGTH, Tensor value_BGTH) =>
        cache?.Append(block, key_BGTH, value_BGTH) ?? (key_BGTH, value_BGTH);

    public override Tensor Attend(int block, Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH)
    {
        long time = query_BLTH.size(2), window = config.VisibleTokens(block);
        bool windowed = start + time > window;
        if (start == 0 && !windowed) return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, is_casual: time > 1);
        if (time == 1)
        {
            // The last token: what it sees is the end of what there is.
            Tensor Seen(Tensor x_BLSH) => windowed ? x_BLSH.narrow(2, start + 1 - window, window) : x_BLSH;
            return functional.scaled_dot_product_attention(query_BLTH, Seen(key_BLSH), Seen(value_BLSH));
        }
        return functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, attn_mask: Visible(block, time, query_BLTH.device));
    }

    public override Tensor AttendBoth(int block, Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH, Tensor earlierKey_BLSH, Tensor earlierValue_BLSH)
    {
        Tensor visible_TS = Visible(block, query_BLTH.size(2), query_BLTH.device);
        return functional.scaled_dot_product_attention(
            query_BLTH, cat([key_BLSH, earlierKey_BLSH], 2), cat([value_BLSH, earlierValue_BLSH], 2), attn_mask: cat([visible_TS, visible_TS], 1));
    }

    // Torch's causal flag aligns the mask to the top left, which is wrong behind a cache: query t may see keys start + t + 1 − window … start + t.
    private Tensor Visible(int block, long time, Device device)
    {
        int window = config.VisibleTokens(block);
        Tensor visible_TS = ones([time, start + time], ScalarType.Bool, device).tril(start);
        return start + time > window ? visible_TS.triu(start + 1 - window) : visible_TS;
    }
}
