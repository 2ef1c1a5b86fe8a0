using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;

namespace Flextron.Routing;

/// <summary>
/// Everything that was measured, for fitting the surrogate. Each distinct network is measured once; the side it falls on, training or
/// held out, is a function of the seed and the network alone, so none is ever on both, whatever the order and however many soft vectors select it.
/// </summary>
/// <param name="space">The choices.</param>
/// <param name="loss">Measures a network.</param>
/// <param name="heldOutShare">Expected share of held-out networks.</param>
/// <param name="seed">Which split.</param>
public sealed class ReplayBuffer(ElasticSpace space, Func<SubNetwork, double> loss, double heldOutShare, long seed)
{
    // More would let the few networks that firm routers keep choosing outweigh all others.
    private const int SoftVectorsPerNetwork = 3;

    private readonly Dictionary<SubNetwork, double> losses = [];
    private readonly Dictionary<SubNetwork, int> softVectors = [];
    private readonly List<ReplayPair> pairs = [];

    /// <summary>Every measured network with its loss.</summary>
    public IReadOnlyDictionary<SubNetwork, double> Losses => losses;

    /// <summary>All pairs: each network's one-hot vector first, then the soft vectors that selected it.</summary>
    public IReadOnlyList<ReplayPair> Pairs => pairs;

    /// <summary>Pairs to fit on.</summary>
    public IReadOnlyList<ReplayPair> Train => pairs.Where(p => Place(p.Network) >= heldOutShare).ToArray();

    /// <summary>Pairs to choose the stopping point by; half of what is not fitted on.</summary>
    public IReadOnlyList<ReplayPair> Validation => pairs.Where(p => Place(p.Network) is var at && at >= heldOutShare / 2 && at < heldOutShare).ToArray();

    /// <summary>Pairs that nothing was chosen by: what the surrogate is reported on.</summary>
    public IReadOnlyList<ReplayPair> HeldOut => pairs.Where(p => IsHeldOut(p.Network)).ToArray();

    /// <summary>Whether a network is among those that the surrogate is reported on.</summary>
    public bool IsHeldOut(SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return Place(network) < heldOutShare / 2;
    }

    private double Place(SubNetwork network) => Seeds.Mix(seed, network.ToString()) / (double)ulong.MaxValue;

    /// <summary>Adds a network with its one-hot vector, measuring it if it is new.</summary>
    /// <returns>Whether it was new.</returns>
    /// <exception cref="FlextronException">Its loss is not a number.</exception>
    public bool Add(SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (losses.ContainsKey(network)) return false;
        double measured = loss(network);
        if (!double.IsFinite(measured)) throw new FlextronException($"The loss of sub-network {network} is {measured}: the model is damaged, start from an intact checkpoint.");
        losses[network] = measured;
        pairs.Add(new ReplayPair(network, ChoiceVector.OneHot(space, network), measured));
        return true;
    }

    /// <summary>Adds a soft router output together with the network it selects; of each network the first three are kept.</summary>
    /// <returns>Whether that network was new.</returns>
    public bool Add(float[] choices_R)
    {
        ArgumentNullException.ThrowIfNull(choices_R);
        SubNetwork network = ChoiceVector.Selected(space, choices_R);
        bool isNew = Add(network);
        int known = softVectors.GetValueOrDefault(network);
        if (known >= SoftVectorsPerNetwork) return isNew;
        softVectors[network] = known + 1;
        pairs.Add(new ReplayPair(network, choices_R, losses[network]));
        return isNew;
    }
}
