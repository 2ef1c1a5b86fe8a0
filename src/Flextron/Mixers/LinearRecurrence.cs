using static TorchSharp.torch;

namespace Flextron.Mixers;

/// <summary>
/// The recurrence that linear mixers share: S_t = diag(exp a_t)·S_{t−1} + k_t v_tᵀ and o_t = q_tᵀ S_t, with log-decays a_t ≤ 0 that are one number a
/// token or one per key channel (Yang et al., arXiv 2312.06635, section 4; Dao and Gu, arXiv 2405.21060, section 6).
/// </summary>
/// <remarks>
/// Letters: B batch, G groups, R query heads a group, T time, K key channels, V value channels, D decays a token: 1 or K. Every exponent is a sum of
/// log-decays between two tokens, never a difference of two long sums: nothing overflows, and nothing is lost however long the sequence is.
/// </remarks>
public static class LinearRecurrence
{
    // Pairs within a chunk: with a decay per channel each pair costs K numbers, so chunks are short.
    private const int ScalarChunk = 64, ChannelChunk = 16;

    /// <summary>Computes outputs and the state behind the last token.</summary>
    /// <param name="form">How.</param>
    /// <param name="query_BGRTK">Queries.</param>
    /// <param name="key_BGTK">Keys.</param>
    /// <param name="value_BGTV">Values.</param>
    /// <param name="logDecay_BGTD">Log-decays, none above 0.</param>
    /// <param name="state_BGKV">State before the first token; zero where null.</param>
    /// <param name="chunk">Tokens per chunk; 0 chooses.</param>
    /// <returns>output_BGRTV and state_BGKV.</returns>
    public static (Tensor Output_BGRTV, Tensor State_BGKV) Run(
        MixerForm form, Tensor query_BGRTK, Tensor key_BGTK, Tensor value_BGTV, Tensor logDecay_BGTD, Tensor? state_BGKV = null, int chunk = 0)
    {
        ArgumentNullException.ThrowIfNull(query_BGRTK);
        ArgumentNullException.ThrowIfNull(key_BGTK);
        ArgumentNullException.ThrowIfNull(value_BGTV);
        ArgumentNullException.ThrowIfNull(logDecay_BGTD);
        using var scope = NewDisposeScope();
        Tensor state = state_BGKV ?? zeros([key_BGTK.size(0), key_BGTK.size(1), key_BGTK.size(3), value_BGTV.size(3)], key_BGTK.dtype, key_BGTK.device);
        if (chunk <= 0) chunk = logDecay_BGTD.size(3) == 1 ? ScalarChunk : ChannelChunk;
        (Tensor output, state) = form switch
        {
            MixerForm.Recurrent => Recurrent(query_BGRTK, key_BGTK, value_BGTV, logDecay_BGTD, state),
            MixerForm.Parallel => Parallel(query_BGRTK, key_BGTK, value_BGTV, logDecay_BGTD, state),
            _ => Chunked(query_BGRTK, key_BGTK, value_BGTV, logDecay_BGTD, state, chunk),
        };
        return (output.MoveToOuterDisposeScope(), ReferenceEquals(state, state_BGKV) ? state : state.MoveToOuterDisposeScope());
    }

    /// <summary>Sums of neighbouring numbers: entry (i, j) is x_{j+1} + … + x_i, 0 on the diagonal and −∞ above it.</summary>
    /// <param name="x">…T.</param>
    /// <returns>…TT.</returns>
    public static Tensor SegmentSums(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var scope = NewDisposeScope();
        long time = x.size(-1);
        Tensor seen_TT = ones([time, time], ScalarType.Bool, x.device).tril(), before_TT = seen_TT.tril(-1);
        Tensor rows = x.unsqueeze(-1).expand([.. x.shape, time]).masked_fill(before_TT.logical_not(), 0);
        return rows.cumsum(-2).masked_fill(seen_TT.logical_not(), double.NegativeInfinity).MoveToOuterDisposeScope();
    }

    private static (Tensor, Tensor) Recurrent(Tensor query_BGRTK, Tensor key_BGTK, Tensor value_BGTV, Tensor logDecay_BGTD, Tensor state_BGKV)
    {
        Tensor decay_BGTD1 = logDecay_BGTD.exp().unsqueeze(-1);
        long time = key_BGTK.size(2);
        var outputs = new Tensor[time];
        for (long t = 0; t < time; t++)
        {
            state_BGKV = decay_BGTD1.select(2, t) * state_BGKV + key_BGTK.select(2, t).unsqueeze(-1) * value_BGTV.select(2, t).unsqueeze(-2);
            outputs[t] = query_BGRTK.select(3, t).matmul(state_BGKV);
        }
        return (time == 1 ? outputs[0].unsqueeze(3) : stack(outputs, 3), state_BGKV);
    }

    private static (Tensor, Tensor) Parallel(Tensor query_BGRTK, Tensor key_BGTK, Tensor value_BGTV, Tensor logDecay_BGTD, Tensor state_BGKV)
    {
        (Tensor scores_BGRTT, Tensor toEnd_BGTD) = logDecay_BGTD.size(3) == 1
            ? ScalarScores(query_BGRTK, key_BGTK, logDecay_BGTD.squeeze(-1))
            : ChannelScoresByChannel(query_BGRTK, key_BGTK, logDecay_BGTD);
        Tensor fromStart_BGTD = logDecay_BGTD.cumsum(2).exp();
        Tensor output_BGRTV = scores_BGRTT.matmul(value_BGTV.unsqueeze(2)) + (query_BGRTK * fromStart_BGTD.unsqueeze(2)).matmul(state_BGKV.unsqueeze(2));
        Tensor total_BGD1 = logDecay_BGTD.sum(2).exp().unsqueeze(-1);
        return (output_BGRTV, total_BGD1 * state_BGKV + (key_BGTK * toEnd_BGTD).transpose(2, 3).matmul(value_BGTV));
    }

    private static (Tensor, Tensor) Chunked(Tensor query_BGRTK, Tensor key_BGTK, Tensor value_BGTV, Tensor logDecay_BGTD, Tensor state_BGKV, int chunk)
    {
        long time = key_BGTK.size(2), size = Math.Min(chunk, time), count = (time + size - 1) / size;
        // What fills the last chunk neither decays nor adds anything.
        Tensor Chunks(Tensor x, int axis) => (count * size == time ? x : nn.functional.pad(x, [0, 0, 0, count * size - time])).unflatten(axis, count, size);
        Tensor query_BGRNSK = Chunks(query_BGRTK, 3), key_BGNSK = Chunks(key_BGTK, 2), value_BGNSV = Chunks(value_BGTV, 2), logDecay_BGNSD = Chunks(logDecay_BGTD, 2);
        (Tensor scores_BGRNSS, Tensor toEnd_BGNSD) = logDecay_BGTD.size(3) == 1
            ? ScalarScores(query_BGRNSK, key_BGNSK, logDecay_BGNSD.squeeze(-1))
            : ChannelScores(query_BGRNSK, key_BGNSK, logDecay_BGNSD);
        Tensor added_BGNKV = (key_BGNSK * toEnd_BGNSD).transpose(3, 4).matmul(value_BGNSV), total_BGND1 = logDecay_BGNSD.sum(3).exp().unsqueeze(-1);
        var before = new Tensor[count];
        for (long n = 0; n < count; n++)
        {
            before[n] = state_BGKV;
            state_BGKV = total_BGND1.select(2, n) * state_BGKV + added_BGNKV.select(2, n);
        }
        Tensor fromStart_BGNSD = logDecay_BGNSD.cumsum(3).exp();
        Tensor output_BGRNSV = scores_BGRNSS.matmul(value_BGNSV.unsqueeze(2)) + (query_BGRNSK * fromStart_BGNSD.unsqueeze(2)).matmul(stack(before, 2).unsqueeze(2));
        return (output_BGRNSV.flatten(3, 4).narrow(3, 0, time), state_BGKV);
    }

    // q_i·k_j·exp(Σ a) for every pair of tokens with one decay a token, and the decay from every token to the last. Between R and T any chunk axis may stand.
    private static (Tensor Scores, Tensor ToEnd) ScalarScores(Tensor query, Tensor key, Tensor logDecay)
    {
        Tensor decay = SegmentSums(logDecay).exp();
        return (query.matmul(key.unsqueeze(2).transpose(-1, -2)) * decay.unsqueeze(2), decay.select(-2, decay.size(-2) - 1).unsqueeze(-1));
    }

    // The same with a decay per channel: q_i · (k_j ⊙ exp(Σ a)).
    private static (Tensor Scores_BGRNSS, Tensor ToEnd_BGNSK) ChannelScores(Tensor query_BGRNSK, Tensor key_BGNSK, Tensor logDecay_BGNSK)
    {
        Tensor decay_BGNKSS = SegmentSums(logDecay_BGNSK.transpose(3, 4)).exp();
        Tensor decayed_BGNSKS = (decay_BGNKSS * key_BGNSK.transpose(3, 4).unsqueeze(-2)).transpose(3, 4);
        Tensor scores_BGNSRS = query_BGRNSK.permute(0, 1, 3, 4, 2, 5).matmul(decayed_BGNSKS);
        return (scores_BGNSRS.permute(0, 1, 4, 2, 3, 5), decay_BGNKSS.select(-2, decay_BGNKSS.size(-2) - 1).transpose(3, 4));
    }

    // Over the whole sequence one channel at a time, so that memory stays T², not T²·K.
    private static (Tensor Scores_BGRTT, Tensor ToEnd_BGTK) ChannelScoresByChannel(Tensor query_BGRTK, Tensor key_BGTK, Tensor logDecay_BGTK)
    {
        Tensor? scores_BGRTT = null;
        var toEnd = new Tensor[key_BGTK.size(3)];
        for (int k = 0; k < toEnd.Length; k++)
        {
            (Tensor part_BGRTT, Tensor end_BGT1) = ScalarScores(query_BGRTK.narrow(4, k, 1), key_BGTK.narrow(3, k, 1), logDecay_BGTK.select(3, k));
            scores_BGRTT = scores_BGRTT is null ? part_BGRTT : scores_BGRTT + part_BGRTT;
            toEnd[k] = end_BGT1;
        }
        return (scores_BGRTT!, cat(toEnd, 3));
    }
}
