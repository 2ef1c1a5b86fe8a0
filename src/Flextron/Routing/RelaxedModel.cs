using Flextron.Elastic;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing;

/// <summary>
/// The whole network with every elastic part weighted by how probable it is that it takes part: differentiable in the choices, and equal to
/// the slice where choices are one-hot. It exists to train routers end to end; running a chosen network takes slices, never this.
/// </summary>
/// <remarks>
/// <para>A layer's choices are nested prefixes, so with probabilities p over widths w_1 &lt; … &lt; w_K, neuron d counts by
/// <c>g_d = Σ_{k: w_k &gt; d} p_k</c>, the probability that it is within the prefix, and likewise for key/value groups: the output is the mean over
/// choices, <c>Σ_k p_k f_k(x) = Σ_d g_d u_d(x)</c>, because each choice adds up its own parts.</para>
/// <para>Where choices differ from token to token, a token's keys and values in a group exist by its gate g: scores get <c>log g</c> added, which weights
/// <c>exp(score)</c> by g, and removes the key where g is 0. Where all tokens of a sequence choose alike, this shift is the same for every key and drops out.</para>
/// <para>Letters beyond the model's: K choices, S key positions.</para>
/// </remarks>
public sealed class RelaxedModel : IDisposable
{
    // Absent keys keep this much weight: nothing beside the others, but enough that the gradient of bringing them in is finite.
    private const double Absent = 1e-20;

    private readonly DecoderModel model;
    private readonly Tensor groups_KG, neurons_KD;

    /// <summary>Prepares the gates.</summary>
    /// <param name="model">The LM; its weights stay as they are.</param>
    /// <param name="space">The choices.</param>
    public RelaxedModel(DecoderModel model, ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(space);
        model.Config.RequireAttention("The relaxed network", "train routers through the surrogate");
        space = space.ValidatedFor(model.Config, "The relaxed network").Blockwise;
        this.model = model;
        Space = space;
        Tensor Within(IReadOnlyList<int> widths) =>
            stack([.. widths.Select(w => cat([ones(w), zeros(widths[^1] - w)]))]).to(model.Weights.Flat.dtype).to(model.Device).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        groups_KG = Within(space.KvGroups);
        neurons_KD = Within(space.Neurons);
    }

    /// <summary>The choices.</summary>
    public ElasticSpace Space { get; }

    /// <summary>Logits of every position.</summary>
    /// <param name="ids_BT">Token ids.</param>
    /// <param name="choices">
    /// Probabilities over a layer's choices, given the layer (attention of the blocks first, then their MLPs, as in <see cref="ChoiceVector"/>) and the
    /// residual stream that enters it: p_BTK, or p_B1K where all tokens of a sequence choose alike.
    /// </param>
    /// <returns>logits_BTV.</returns>
    public Tensor Forward(Tensor ids_BT, Func<int, Tensor, Tensor> choices)
    {
        ArgumentNullException.ThrowIfNull(ids_BT);
        ArgumentNullException.ThrowIfNull(choices);
        using var scope = NewDisposeScope();
        WeightView view = model.View(model.FullNetwork);
        Tensor x_BTC = DecoderModel.Embed(view, ids_BT);
        for (int i = 0; i < view.Blocks.Count; i++)
        {
            Tensor middle_BTC = x_BTC + Attention(i, view.Blocks[i].Weights, x_BTC, choices(i, x_BTC));
            Tensor read_BTC = model.MlpInput(x_BTC, middle_BTC);
            x_BTC = middle_BTC + Mlp(view.Blocks[i].Weights, read_BTC, choices(view.Blocks.Count + i, read_BTC));
        }
        return model.Logits(view, x_BTC).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        groups_KG.Dispose();
        neurons_KD.Dispose();
    }

    private Tensor Mlp(BlockWeights w, Tensor x_BTC, Tensor p_BtK)
    {
        Tensor normed_BTC = model.Norm(x_BTC, w.MlpNorm_C, w.MlpNormBias_C), gate_BtD = p_BtK.matmul(neurons_KD);
        (_, Tensor neurons_BTD) = model.Neurons(normed_BTC, w.Gate_DC, w.GateBias_D, w.Up_DC, w.UpBias_D);
        return model.Weighed(Biased((neurons_BTD * gate_BtD).matmul(w.Down_DC), w.DownBias_C, gate_BtD));
    }

    private Tensor Attention(int block, BlockWeights w, Tensor x_BTC, Tensor p_BtK)
    {
        (long batch, long time) = (x_BTC.size(0), x_BTC.size(1));
        (long heads, long size, int window) = (model.Config.HeadCount, model.Config.HeadSize, model.Config.VisibleTokens(block));
        Tensor normed_BTC = model.Norm(x_BTC, w.AttentionNorm_C, w.AttentionNormBias_C);
        Tensor Rotated(Tensor heads_BTLH) => model.Rotary.Turns(block) ? model.Rotary.Rotate(heads_BTLH, 0) : heads_BTLH;
        Tensor query_BLTH = model.ScaledQueries(Rotated(model.Heads(normed_BTC, w.Query_QC, w.QueryBias_Q, w.QueryNorm_H))).transpose(1, 2);
        Tensor key_BLSH = Repeated(Rotated(model.Heads(normed_BTC, w.Key_KC, w.KeyBias_K, w.KeyNorm_H)));
        Tensor value_BLSH = Repeated(model.Heads(normed_BTC, w.Value_KC, w.ValueBias_K, norm_H: null));
        Tensor gate_BtL = Heads(p_BtK.matmul(groups_KG));
        Tensor heads_BLTH;
        if (p_BtK.size(1) == 1 && time <= window)
        {
            heads_BLTH = functional.scaled_dot_product_attention(query_BLTH, key_BLSH, value_BLSH, is_casual: time > 1);
        }
        else
        {
            Tensor seen_TS = ones([time, time], ScalarType.Bool, x_BTC.device).tril(0).triu(1 - window);
            Tensor scores_BLTS = query_BLTH.matmul(key_BLSH.transpose(2, 3)) / Math.Sqrt(size) + (gate_BtL + Absent).log().transpose(1, 2).unsqueeze(2);
            heads_BLTH = functional.softmax(scores_BLTS.masked_fill(seen_TS.logical_not(), double.NegativeInfinity), -1).matmul(value_BLSH);
        }
        return model.Weighed(Biased((heads_BLTH.transpose(1, 2) * gate_BtL.unsqueeze(-1)).reshape(batch, time, heads * size).matmul(w.Output_QC), w.OutputBias_C, gate_BtL));
    }

    // Every choice but an empty one adds the bias, and every such choice holds the first unit.
    private static Tensor Biased(Tensor update_BTC, Tensor? bias_C, Tensor gate_BtN) => bias_C is null ? update_BTC : update_BTC + bias_C * gate_BtN.narrow(-1, 0, 1);

    private Tensor Repeated(Tensor x_BTGH)
    {
        (long batch, long time, long groups, long size) = (x_BTGH.size(0), x_BTGH.size(1), x_BTGH.size(2), x_BTGH.size(3));
        int heads = model.Config.HeadsPerGroup;
        return x_BTGH.transpose(1, 2).unsqueeze(2).expand(batch, groups, heads, time, size).reshape(batch, groups * heads, time, size);
    }

    private Tensor Heads(Tensor gate_BtG) => model.Config.HeadsPerGroup == 1 ? gate_BtG
        : gate_BtG.unsqueeze(-1).expand(gate_BtG.size(0), gate_BtG.size(1), gate_BtG.size(2), model.Config.HeadsPerGroup).flatten(2);
}
