using Flextron.Elastic;
using Flextron.Models;

namespace Flextron.Latency;

/// <summary>
/// What a sub-network costs, as a fixed part plus one term per block part: Cost(s) = fixed + Σ_l (attention[l, groups_l] + mlp[l, neurons_l])
/// (FLEXTRON, ICML 2024, section 3.3). Measured latency, parameters, bytes and operations all have this form.
/// </summary>
public interface ICostTable
{
    /// <summary>Unit of every number, such as <c>ms</c> or <c>parameters</c>.</summary>
    string Unit { get; }

    /// <summary>The part that no choice changes: embedding, final norm and head.</summary>
    double Fixed { get; }

    /// <summary>Cost of a block's attention, its norm included.</summary>
    /// <param name="block">Block index.</param>
    /// <param name="kvGroups">Kept key/value groups; none cost nothing.</param>
    double Attention(int block, int kvGroups);

    /// <summary>Cost of a block's MLP, its norm included.</summary>
    /// <param name="block">Block index.</param>
    /// <param name="neurons">Kept neurons; none cost nothing.</param>
    double Mlp(int block, int neurons);

    /// <summary>The same costs for networks with a narrower residual stream; null where they are not known.</summary>
    /// <param name="residualWidth">Kept channels, fewer than the model has.</param>
    ICostTable? AtWidth(int residualWidth) => null;

    /// <summary>The costs that hold for networks of a residual width.</summary>
    /// <param name="residualWidth">Kept channels; null for all.</param>
    /// <exception cref="FlextronException">They are not known.</exception>
    ICostTable ForWidth(int? residualWidth) =>
        residualWidth is not { } width ? this
        : AtWidth(width) ?? throw new FlextronException($"The cost in {Unit} of a residual stream of {width} channels is not known: measure it with `flextron profile` on a family made with this width, or choose a network of full width, or a budget in parameters or bytes.");

    /// <summary>Cost of a sub-network: the fixed part, then attention and MLP block by block, summed in this order.</summary>
    /// <exception cref="FlextronException">It has a residual width whose costs are not known.</exception>
    double Cost(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        ICostTable costs = ForWidth(subNetwork.Width);
        double sum = costs.Fixed;
        for (int i = 0; i < subNetwork.Blocks.Length; i++)
        {
            sum += costs.Attention(i, subNetwork.Blocks[i].KvGroups);
            sum += costs.Mlp(i, subNetwork.Blocks[i].Neurons);
        }
        return sum;
    }

    /// <summary>Attention costs [block][choice]: weighted by router probabilities they give the soft latency that routers train on.</summary>
    double[][] AttentionCosts(ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        return [.. Enumerable.Range(0, space.BlockCount).Select(b => space.KvGroups.Select(g => Attention(b, g)).ToArray())];
    }

    /// <summary>MLP costs [block][choice].</summary>
    double[][] MlpCosts(ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        return [.. Enumerable.Range(0, space.BlockCount).Select(b => space.Neurons.Select(n => Mlp(b, n)).ToArray())];
    }
}
