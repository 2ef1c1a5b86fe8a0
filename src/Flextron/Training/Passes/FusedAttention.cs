using Flextron.Kernels;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Training.Passes;

/// <summary>
/// Attention half of a block with its gradient written out. Queries go in chunks of positions, each against the keys up to its last position only:
/// at four chunks five eighths of the square are computed. Scores and probabilities are float32 whatever the compute type.
/// </summary>
internal sealed class FusedAttention
{
    // Probabilities of longer sequences are computed again in the backward pass, so that memory grows with the length, not with its square.
    private const long LongestKept = 512;
    private readonly BlockWeights weights, gradients;
    private readonly FusedShape shape;
    private readonly HeadShape queries, keys;
    private readonly float scale;
    private Tensor x_NC = null!, scale_N = null!, normed_NC = null!, query = null!, key = null!, value = null!, heads_NQ = null!;
    private Tensor[]? probabilities;

    public FusedAttention(BlockView weights, BlockView gradients, FusedShape shape)
    {
        (this.weights, this.gradients, this.shape) = (weights.Weights, gradients.Weights, shape);
        ModelConfig config = shape.Config;
        scale = (float)(1 / Math.Sqrt(config.HeadSize));
        queries = new HeadShape(shape.Batch, shape.Time, weights.Shape.KvGroups, config.HeadsPerGroup, config.HeadSize, Chunk(shape.Time));
        keys = queries with { HeadsPerGroup = 1, ChunkTime = shape.Time };
    }

    /// <summary>The residual stream behind the attention.</summary>
    public Tensor Forward(Tensor x_NC)
    {
        using var scope = NewDisposeScope();
        this.x_NC = x_NC;
        (normed_NC, scale_N) = RmsNormKernels.Forward(x_NC, weights.AttentionNorm_C, shape.Config.NormEpsilon);
        query = Heads(weights.Query_QC, queries, rotate: true);
        key = Heads(weights.Key_KC, keys, rotate: true);
        value = Heads(weights.Value_KC, keys, rotate: false);
        Tensor heads = empty(query.numel());
        if (shape.Time <= LongestKept) probabilities = new Tensor[queries.Chunks];
        for (long c = 0; c < queries.Chunks; c++)
        {
            using var chunk = NewDisposeScope();
            Tensor p_GQS = Probabilities(c);
            queries.Chunk(heads, c).copy_(p_GQS.bmm(Seen(value, c)));
            if (probabilities is not null) probabilities[c] = p_GQS.DetachFromDisposeScope();
        }
        heads_NQ = HeadLayoutKernels.FromHeads(heads, queries, null, normed_NC.dtype);
        foreach (Tensor kept in (Tensor[])[normed_NC, scale_N, query, key, value, heads_NQ]) kept.DetachFromDisposeScope();
        return Products.AddTo(x_NC, heads_NQ, weights.Output_QC).MoveToOuterDisposeScope();
    }

    /// <summary>Adds this half's gradient to that of the residual stream, and its weights' gradients to theirs; forgets what the forward pass kept.</summary>
    /// <param name="gradient_NC">float32, changed in place.</param>
    public void Backward(Tensor gradient_NC)
    {
        using var scope = NewDisposeScope();
        ScalarType dtype = normed_NC.dtype;
        Tensor update_NC = gradient_NC.to(dtype);
        Products.AddWeightGradient(gradients.Output_QC, heads_NQ, update_NC);
        Tensor headGradient = HeadLayoutKernels.ToHeads(update_NC.matmul(weights.Output_QC.t()), queries, null);
        (Tensor dQuery, Tensor dKey, Tensor dValue) = (empty_like(query), zeros_like(key), zeros_like(value));
        for (long c = 0; c < queries.Chunks; c++) Backward(c, headGradient, dQuery, dKey, dValue);

        Tensor query_NQ = HeadLayoutKernels.FromHeads(dQuery, queries, shape.Rotary, dtype);
        Tensor key_NK = HeadLayoutKernels.FromHeads(dKey, keys, shape.Rotary, dtype), value_NK = HeadLayoutKernels.FromHeads(dValue, keys, null, dtype);
        Products.AddWeightGradient(gradients.Query_QC, query_NQ, normed_NC);
        Products.AddWeightGradient(gradients.Key_KC, key_NK, normed_NC);
        Products.AddWeightGradient(gradients.Value_KC, value_NK, normed_NC);
        Tensor normedGradient_NC = query_NQ.matmul(weights.Query_QC).addmm_(key_NK, weights.Key_KC, 1, 1).addmm_(value_NK, weights.Value_KC, 1, 1);
        RmsNormKernels.Backward(normedGradient_NC, x_NC, scale_N, weights.AttentionNorm_C, gradient_NC, gradients.AttentionNorm_C);
        foreach (Tensor kept in (Tensor[])[normed_NC, scale_N, query, key, value, heads_NQ]) kept.Dispose();
    }

    private void Backward(long c, Tensor headGradient, Tensor dQuery, Tensor dKey, Tensor dValue)
    {
        using var scope = NewDisposeScope();
        Tensor p_GQS = probabilities is null ? Probabilities(c) : probabilities[c];
        Tensor q_GQH = queries.Chunk(query, c), g_GQH = queries.Chunk(headGradient, c);
        Tensor scores_GQS = g_GQH.bmm(Seen(value, c).transpose(1, 2));
        CausalSoftmaxKernels.Backward(scores_GQS, p_GQS, queries.Start(c), queries.Length(c), scale);
        Seen(dValue, c).add_(p_GQS.transpose(1, 2).bmm(g_GQH));
        queries.Chunk(dQuery, c).copy_(scores_GQS.bmm(Seen(key, c)));
        Seen(dKey, c).add_(scores_GQS.transpose(1, 2).bmm(q_GQH));
        if (probabilities is not null) p_GQS.Dispose();
    }

    private Tensor Probabilities(long c)
    {
        using var scope = NewDisposeScope();
        Tensor p_GQS = queries.Chunk(query, c).bmm(Seen(key, c).transpose(1, 2));
        CausalSoftmaxKernels.Forward(p_GQS, queries.Start(c), queries.Length(c), scale);
        return p_GQS.MoveToOuterDisposeScope();
    }

    // The keys (or values) up to the last position of a chunk, [B·G, S, H].
    private Tensor Seen(Tensor heads, long c) => keys.Chunk(heads, 0).narrow(1, 0, queries.Start(c) + queries.Length(c));

    private Tensor Heads(Tensor weight, HeadShape layout, bool rotate)
    {
        using var scope = NewDisposeScope();
        return HeadLayoutKernels.ToHeads(Products.Forward(normed_NC, weight), layout, rotate ? shape.Rotary : null).MoveToOuterDisposeScope();
    }

    private static long Chunk(long time) => Math.Clamp((time + 63) / 64 * 16, 64, 128);
}
