using Flextron.Latency;

namespace Flextron.Workbench.RoutingComparisons;

/// <summary>Everything measured end to end in one interleaved session, the whole network run in between throughout.</summary>
/// <param name="Slowdown">How many times its table latency the whole network took.</param>
/// <param name="Networks">Static networks.</param>
/// <param name="Dynamic">Dynamic routing.</param>
/// <param name="DynamicReferenceMs">The whole network on the text that dynamic routing read, at table speed.</param>
internal sealed record ComparisonTimings(double Slowdown, IReadOnlyList<NetworkTiming> Networks, IReadOnlyList<DynamicTiming> Dynamic, Quartiles DynamicReferenceMs);

/// <summary>A static network's latency.</summary>
/// <param name="Network">Compact form.</param>
/// <param name="Ms">Divided by the slowdown: at the speed that the machine had when the table was made.</param>
internal sealed record NetworkTiming(string Network, Quartiles Ms);

/// <summary>Realised latency of dynamic routing.</summary>
/// <param name="Seed">Which routers.</param>
/// <param name="Arm">Which way.</param>
/// <param name="Share">Normalised target.</param>
/// <param name="Ms">Divided by the slowdown.</param>
internal sealed record DynamicTiming(long Seed, DynamicArm Arm, double Share, Quartiles Ms);
