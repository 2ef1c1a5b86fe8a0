using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Pretraining;

/// <summary>
/// The operators of multilevel training (Zou et al., arXiv 2404.07999, section 3): neighbouring channels, key/value groups, neurons and blocks are merged in
/// pairs, taken apart again, and interpolated.
/// </summary>
/// <remarks>
/// <para>
/// Of a matrix, merged outputs are the mean of the pair and merged inputs its sum; taking apart doubles outputs and halves inputs. So the small model sees
/// of two equal units what the large one would compute from both, an enlarged model computes exactly what the small one did, and merging after taking apart
/// gives back every weight. Where embeddings are tied, the table cannot be an output and an input at once; the norm before the head takes the input's factor.
/// </para>
/// <para>Blocks are merged by their mean and taken apart by repetition; a repeated block adds its update twice, so enlarging the depth does change the function.</para>
/// </remarks>
public static class Coalescing
{
    // What an axis of a tensor is to the units that are merged.
    private enum Role
    {
        None,
        Output,
        Input,
    }

    /// <summary>The shape of the model of half the size.</summary>
    /// <param name="config">The large model.</param>
    /// <param name="depth">Whether blocks are merged too.</param>
    /// <exception cref="FlextronException">A number is odd, or some block has a linear mixer.</exception>
    public static ModelConfig Halved(ModelConfig config, bool depth)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.RequireAttention("A V-cycle", "pretrain a Transformer, and transfer it then");
        if (depth && (config.UnwindowedBlocks ?? config.UnrotatedBlocks) is not null)
            throw new FlextronException("A V-cycle cannot merge blocks that differ in their window or their rotation: halve the widths only.");
        int Half(int count, string what) => count % 2 == 0 ? count / 2 : throw new FlextronException($"A V-cycle halves the model, and {count} {what} cannot be paired: choose an even number.");
        return config with
        {
            HiddenSize = Half(config.HiddenSize, "channels"), HeadCount = config.HeadCount / 2, KvGroupCount = Half(config.KvGroupCount, "key/value groups"),
            NeuronCount = Half(config.NeuronCount, "neurons"), BlockCount = depth ? Half(config.BlockCount, "blocks") : config.BlockCount,
        };
    }

    /// <summary>Merges a model to half its size.</summary>
    /// <param name="large">Not changed.</param>
    /// <param name="depth">Whether blocks are merged too.</param>
    /// <returns>Independent weights.</returns>
    public static DecoderWeights Coalesce(DecoderWeights large, bool depth)
    {
        ArgumentNullException.ThrowIfNull(large);
        using var noGrad = no_grad();
        DecoderWeights small = DecoderWeights.Allocate(Halved(large.Config, depth), large.Flat.dtype, large.Flat.device);
        using var scope = NewDisposeScope();
        foreach (TensorPair pair in Pairs(small, large, depth))
        {
            Tensor sum = Merged(pair.Large[0], pair);
            foreach (Tensor other in pair.Large.Skip(1)) sum = sum + Merged(other, pair);
            pair.Small.copy_(sum / pair.Large.Count);
        }
        return small;
    }

    /// <summary>Takes a model apart to twice its size.</summary>
    /// <param name="small">Not changed.</param>
    /// <param name="config">The shape of the large model, whose half the small one is.</param>
    /// <returns>Independent weights.</returns>
    /// <exception cref="FlextronException">The shapes are not of such a pair.</exception>
    public static DecoderWeights Decoalesce(DecoderWeights small, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(small);
        ArgumentNullException.ThrowIfNull(config);
        bool depth = small.Config.BlockCount != config.BlockCount;
        if (Halved(config, depth) != small.Config) throw new FlextronException("The small model is not half of the large one's shape: take apart what was merged from it.");
        using var noGrad = no_grad();
        DecoderWeights large = DecoderWeights.Allocate(config, small.Flat.dtype, small.Flat.device);
        using var scope = NewDisposeScope();
        foreach (TensorPair pair in Pairs(small, large, depth))
        {
            Tensor apart = Apart(Apart(pair.Small, 0, pair.Rows, pair.Unit), 1, pair.Columns, 1);
            foreach (Tensor target in pair.Large) target.copy_(apart);
        }
        return large;
    }

    /// <summary>Takes over a part of the small model's training: (1 − α)·before + α·enlarged, in place.</summary>
    /// <param name="before">The large model as it was when it was merged; changed.</param>
    /// <param name="enlarged">The trained small one, taken apart.</param>
    /// <param name="alpha">α, 0 … 1.</param>
    public static void Interpolate(DecoderWeights before, DecoderWeights enlarged, double alpha)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(enlarged);
        using var noGrad = no_grad();
        before.Flat.lerp_(enlarged.Flat, alpha);
    }

    private sealed record TensorPair(Tensor Small, IReadOnlyList<Tensor> Large, Role Rows, Role Columns, int Unit);

    private static IEnumerable<TensorPair> Pairs(DecoderWeights small, DecoderWeights large, bool depth)
    {
        ModelConfig config = large.Config;
        Role final = config.TiedEmbeddings ? Role.Input : Role.Output;
        yield return new TensorPair(small.Embedding_VC, [large.Embedding_VC], Role.None, Role.Output, 1);
        if (small.Positions_TC is { } positions) yield return new TensorPair(positions, [large.Positions_TC!], Role.None, Role.Output, 1);
        int each = depth ? 2 : 1;
        for (int i = 0; i < small.Blocks.Count; i++)
        {
            foreach ((BlockTensor kind, Tensor tensor) in small.Blocks[i].Each())
            {
                bool reads = kind is BlockTensor.Output or BlockTensor.Down;
                (Role rows, int unit) = BlockLayout.Rows(kind) switch
                {
                    BlockAxis.Query => (reads ? Role.Input : Role.Output, config.HeadsPerGroup * config.HeadSize),
                    BlockAxis.Key => (Role.Output, config.HeadSize),
                    BlockAxis.HeadElement => (Role.None, 1),
                    _ => (reads ? Role.Input : Role.Output, 1),
                };
                Role columns = !BlockLayout.IsMatrix(kind) ? Role.None : reads ? Role.Output : Role.Input;
                yield return new TensorPair(tensor, [.. Enumerable.Range(each * i, each).Select(b => large.Blocks[b].Of(kind))], rows, columns, unit);
            }
        }
        yield return new TensorPair(small.FinalNorm_C, [large.FinalNorm_C], final, Role.None, 1);
        if (small.FinalNormBias_C is { } bias) yield return new TensorPair(bias, [large.FinalNormBias_C!], final, Role.None, 1);
        if (!config.TiedEmbeddings) yield return new TensorPair(small.Head_VC, [large.Head_VC], Role.None, Role.Input, 1);
    }

    private static Tensor Merged(Tensor x, TensorPair pair) => Merged(Merged(x, 0, pair.Rows, pair.Unit), 1, pair.Columns, 1);

    private static Tensor Merged(Tensor x, int axis, Role role, int unit)
    {
        if (role == Role.None) return x;
        Tensor sum = x.unflatten(axis, x.size(axis) / (2 * unit), 2, unit).sum(axis + 1).flatten(axis, axis + 1);
        return role == Role.Output ? sum / 2 : sum;
    }

    private static Tensor Apart(Tensor x, int axis, Role role, int unit)
    {
        if (role == Role.None) return x;
        Tensor units = x.unflatten(axis, x.size(axis) / unit, unit).unsqueeze(axis + 1);
        Tensor doubled = cat([units, units], axis + 1).flatten(axis, axis + 2);
        return role == Role.Output ? doubled : doubled / 2;
    }
}
