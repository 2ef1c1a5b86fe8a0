using System.Collections.Immutable;
using Flextron.Elastic;
using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// How the choices of all routers are laid out as one vector r of length R = blocks · (group choices + neuron choices): block after block
/// the group choices, then block after block the neuron choices. A hard choice is one-hot within its layer.
/// </summary>
public static class ChoiceVector
{
    /// <summary>R.</summary>
    public static int Length(ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        return space.BlockCount * (space.KvGroups.Length + space.Neurons.Length);
    }

    /// <summary>Number of choices of each of the 2·blocks layers, in the order of the vector.</summary>
    public static IEnumerable<int> Layers(ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        return Enumerable.Repeat(space.KvGroups.Length, space.BlockCount).Concat(Enumerable.Repeat(space.Neurons.Length, space.BlockCount));
    }

    /// <summary>The vector cut into layers.</summary>
    /// <param name="space">The choices.</param>
    /// <param name="r_BR">Rows of the whole vector.</param>
    /// <returns>p_BK of each layer.</returns>
    public static IEnumerable<Tensor> Split(ElasticSpace space, Tensor r_BR)
    {
        ArgumentNullException.ThrowIfNull(r_BR);
        long at = 0;
        foreach (int count in Layers(space))
        {
            yield return r_BR.narrow(1, at, count);
            at += count;
        }
    }

    /// <summary>Choice index of each layer of a sub-network.</summary>
    /// <exception cref="FlextronException">A width is not one of the choices.</exception>
    public static int[] Indices(ElasticSpace space, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(network);
        if (!space.Contains(network)) throw new FlextronException($"The sub-network {network} is not one of the family's choices: take its widths from the elastic space.");
        return [.. network.Blocks.Select(b => space.KvGroups.IndexOf(b.KvGroups)), .. network.Blocks.Select(b => space.Neurons.IndexOf(b.Neurons))];
    }

    /// <summary>The sub-network of choice indices.</summary>
    public static SubNetwork Network(ElasticSpace space, IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(indices);
        return new SubNetwork(Enumerable.Range(0, space.BlockCount).Select(i => new BlockShape(space.KvGroups[indices[i]], space.Neurons[indices[space.BlockCount + i]])));
    }

    /// <summary>A sub-network as a one-hot vector.</summary>
    public static float[] OneHot(ElasticSpace space, SubNetwork network)
    {
        float[] r = new float[Length(space)];
        int at = 0;
        foreach ((int choice, int count) in Indices(space, network).Zip(Layers(space)))
        {
            r[at + choice] = 1;
            at += count;
        }
        return r;
    }

    /// <summary>The sub-network that probabilities (or logits) select: the largest entry of each layer, the narrower width on a tie.</summary>
    public static SubNetwork Selected(ElasticSpace space, ReadOnlySpan<float> r)
    {
        var indices = ImmutableArray.CreateBuilder<int>();
        int at = 0;
        foreach (int count in Layers(space))
        {
            int best = 0;
            for (int k = 1; k < count; k++)
                if (r[at + k] > r[at + best]) best = k;
            indices.Add(best);
            at += count;
        }
        return Network(space, indices);
    }
}
