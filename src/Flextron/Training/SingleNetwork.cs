using Flextron.Models;

namespace Flextron.Training;

/// <summary>Trains one sub-network and nothing else.</summary>
/// <param name="network">Which.</param>
public sealed class SingleNetwork(SubNetwork network) : ISubNetworkSource
{
    /// <inheritdoc/>
    public IReadOnlyList<SubNetwork> At(int step) => [network];
}
