using Flextron.Data;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// A step's networks: the whole one, and one for each of some random targets, a stand-in that <see cref="RoutedTokensPass"/> recognises and runs with
/// routed tokens. A stand-in is as wide as the whole network, as what tokens may choose is.
/// </summary>
/// <param name="whole">The whole network.</param>
/// <param name="settings">How many, and the seed.</param>
internal sealed class RoutedTokensSource(SubNetwork whole, JointTrainingSettings settings) : ISubNetworkSource
{
    private readonly Dictionary<SubNetwork, (double Target, Random Noise)> routed = new(ReferenceEqualityComparer.Instance);

    public IReadOnlyList<SubNetwork> At(int step)
    {
        Random random = Seeds.Stream(settings.Seed, "routed tokens", step);
        int count = settings.NetworksPerStep - 1;
        routed.Clear();
        for (int i = 0; i < count; i++) routed[new SubNetwork(whole.Blocks)] = ((i + random.NextDouble()) / count, new Random(random.Next()));
        return [whole, .. routed.OrderBy(r => r.Value.Target).Select(r => r.Key)];
    }

    /// <summary>The target of one of the step's stand-ins and the noise of its choices; null for the whole network.</summary>
    public (double Target, Random Noise)? Of(SubNetwork network) => routed.TryGetValue(network, out (double, Random) found) ? found : null;
}
