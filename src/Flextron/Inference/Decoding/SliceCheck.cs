using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>Checks sub-networks against a model and the room of a cache, once for each object and not for each token.</summary>
/// <param name="engine">The model.</param>
/// <param name="widest">A network whose key/value groups are the most that the cache has room for.</param>
/// <param name="sequences">Sequences, each of which may keep to a network of its own.</param>
internal sealed class SliceCheck(DecodeEngine engine, SubNetwork widest, int sequences)
{
    // Besides, tokens of one sequence may take turns with a few networks.
    private const int Others = 8;
    private readonly (SubNetwork? Given, SubNetwork? Checked)[] seen = new (SubNetwork?, SubNetwork?)[sequences + Others];
    private int next;

    /// <summary>What stands for none.</summary>
    public SubNetwork Widest { get; } = widest;

    /// <summary>The network, as it is to be computed.</summary>
    /// <param name="network"><see cref="Widest"/> where null.</param>
    /// <exception cref="FlextronException">It does not fit the model, or keeps more groups than there is room for.</exception>
    public SubNetwork Of(SubNetwork? network)
    {
        network ??= Widest;
        foreach ((SubNetwork? given, SubNetwork? known) in seen)
            if (ReferenceEquals(given, network)) return known!;
        SubNetwork result = network.ValidatedFor(engine.Config);
        for (int b = 0; b < result.Blocks.Length; b++)
        {
            if (result.Blocks[b].KvGroups > Widest.Blocks[b].KvGroups)
                throw new FlextronException($"The sub-network keeps {result.Blocks[b].KvGroups} key/value groups of block {b}, and the session's cache has room for {Widest.Blocks[b].KvGroups}: begin a session for the wider network.");
        }
        seen[next] = (network, result);
        next = (next + 1) % seen.Length;
        return result;
    }
}
