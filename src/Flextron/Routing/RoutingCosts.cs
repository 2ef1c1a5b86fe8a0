using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Native;
using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// What every choice of every elastic layer costs, so that <c>Latency(s) = fixed + Σ_l (attention[l, s_l] + mlp[l, s_l])</c>
/// (FLEXTRON, ICML 2024, section 4). Costs are milliseconds here; any additive budget will do.
/// </summary>
/// <param name="Fixed">Embedding, head, norms: what every sub-network pays.</param>
/// <param name="Attention">[block][choice], choices in the order of <see cref="ElasticSpace.KvGroups"/>.</param>
/// <param name="Mlp">[block][choice], choices in the order of <see cref="ElasticSpace.Neurons"/>.</param>
public sealed record RoutingCosts(double Fixed, double[][] Attention, double[][] Mlp)
{
    /// <summary>Reads a cost table at a family's choices.</summary>
    public static RoutingCosts Of(ICostTable costs, ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(costs);
        return new RoutingCosts(costs.Fixed, costs.AttentionCosts(space), costs.MlpCosts(space));
    }

    /// <summary>The same as [layer][choice], layers in the order of <see cref="ChoiceVector"/>.</summary>
    public double[][] Layers() => [.. Attention, .. Mlp];

    /// <summary>Cost of the whole network: the last choice everywhere.</summary>
    public double Full => Fixed + Attention.Sum(c => c[^1]) + Mlp.Sum(c => c[^1]);

    /// <summary>Cost of the smallest network: the first choice everywhere.</summary>
    public double Smallest => Fixed + Attention.Sum(c => c[0]) + Mlp.Sum(c => c[0]);

    /// <summary>Cost of one sub-network.</summary>
    /// <exception cref="FlextronException">A width is not one of the choices.</exception>
    public double Hard(SubNetwork network, ElasticSpace space)
    {
        int[] choices = ChoiceVector.Indices(space, network);
        double cost = Fixed;
        for (int i = 0; i < Attention.Length; i++) cost += Attention[i][choices[i]] + Mlp[i][choices[Attention.Length + i]];
        return cost;
    }

    /// <summary>Expected cost of independent choices; differentiable.</summary>
    /// <param name="choices_BR">Probabilities of all choices, laid out as <see cref="ChoiceVector"/> says.</param>
    /// <returns>cost_B.</returns>
    public Tensor Soft(Tensor choices_BR)
    {
        ArgumentNullException.ThrowIfNull(choices_BR);
        Tensor cost_R = NativeTensor.Of([.. Attention.Concat(Mlp).SelectMany(c => c)], choices_BR.dtype, choices_BR.device);
        return choices_BR.matmul(cost_R) + Fixed;
    }

    /// <summary>The cost that a share of the range between smallest (0) and whole network (1) stands for.</summary>
    public double Target(double normalised) => Smallest + normalised * (Full - Smallest);

    /// <summary>Where a cost lies between smallest (0) and whole network (1).</summary>
    public double Normalised(double cost) => (cost - Smallest) / (Full - Smallest);

    /// <summary>Checks that there is a finite cost for every choice, and that the whole network costs more than the smallest.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">It does not fit; the message says how.</exception>
    public RoutingCosts ValidatedFor(ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        bool Fits(double[][] costs, int choices) => costs.Length == space.BlockCount && costs.All(c => c.Length == choices && c.All(double.IsFinite));
        if (!double.IsFinite(Fixed) || !Fits(Attention, space.KvGroups.Length) || !Fits(Mlp, space.Neurons.Length))
            throw new FlextronException($"The routing costs do not cover {space.BlockCount} blocks of {space.KvGroups.Length} group and {space.Neurons.Length} neuron choices: measure the latency table for this family.");
        if (Full <= Smallest)
            throw new FlextronException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The whole network costs {Full} and the smallest {Smallest}: there is nothing to route; measure the latency table again on a quiet machine."));
        return this;
    }
}
