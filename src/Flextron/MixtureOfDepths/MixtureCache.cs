using Flextron.Checkpoints;
using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.MixtureOfDepths;

/// <summary>Keys and values of past tokens: of all of them in dense blocks, and in a routed block only of those that passed it.</summary>
public sealed class MixtureCache : IDisposable
{
    private readonly Dictionary<int, RaggedCache> routed;
    private readonly long denseBytesPerToken;

    internal MixtureCache(ModelConfig config, SubNetwork network, IEnumerable<int> routedBlocks, int batch, int capacity, ScalarType dtype, Device device)
    {
        capacity = Math.Min(capacity, config.ContextLength);
        HashSet<int> routes = [.. routedBlocks];
        var dense = new SubNetwork(network.Blocks.Select((b, i) => routes.Contains(i) ? BlockShape.Skipped : b), network.Width);
        Dense = new KvCache(config, dense, batch, capacity, dtype, device);
        routed = routes.ToDictionary(i => i, i => new RaggedCache(batch, capacity, (long)network.Blocks[i].KvGroups * config.HeadSize, dtype, device));
        denseBytesPerToken = 2L * batch * dense.Blocks.Sum(b => b.KvGroups) * config.HeadSize * TensorBytes.SizeOf(dtype);
    }

    /// <summary>Tokens read so far, whether or not they passed the routed blocks.</summary>
    public int Length => (int)Dense.Length;

    /// <summary>Tokens that fit.</summary>
    public int Capacity => (int)Dense.Capacity;

    /// <summary>Bytes of the keys and values held, free slots not counted.</summary>
    public long HeldBytes => Length * denseBytesPerToken + routed.Values.Sum(r => r.HeldBytes);

    internal KvCache Dense { get; }

    internal RaggedCache Routed(int block) => routed[block];

    /// <summary>Tokens that a routed block holds, by sequence.</summary>
    public IReadOnlyList<int> HeldTokens(int block) => routed[block].Lengths;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dense.Dispose();
        foreach (RaggedCache cache in routed.Values) cache.Dispose();
    }
}
