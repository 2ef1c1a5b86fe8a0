using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Planning;

/// <summary>A network that may serve a batch.</summary>
/// <param name="Name">What plans call it.</param>
/// <param name="WeightBytes">Its weights.</param>
/// <param name="CacheBytesPerToken">Keys and values of one token of one sequence.</param>
/// <param name="Latency">What batches cost it.</param>
/// <param name="Loss">Its held-out loss, nats per token; null where it is not known.</param>
public sealed record ServedNetwork(string Name, double WeightBytes, double CacheBytesPerToken, BatchLatency Latency, double? Loss = null)
{
    /// <summary>Bytes of a sequence that do not depend on its length: the states of linear mixers.</summary>
    public double StateBytesPerSequence { get; init; }

    /// <summary>A sub-network with its memory by shape and its latency by table.</summary>
    /// <param name="name">What plans call it.</param>
    /// <param name="config">The model.</param>
    /// <param name="network">Which slice.</param>
    /// <param name="tables">See <see cref="BatchLatency.Of"/>.</param>
    /// <param name="bytesPerElement">4 for float32.</param>
    /// <param name="loss">Its loss, where it is known.</param>
    public static ServedNetwork Of(string name, ModelConfig config, SubNetwork network, IReadOnlyList<LatencyTable> tables, int bytesPerElement, double? loss = null)
    {
        double Bytes(int sequences, int tokens) => AnalyticCosts.WeightAndCacheBytes(config, bytesPerElement, sequences, tokens).Cost(network);
        double weights = Bytes(0, 0), empty = Bytes(1, 0);
        return new ServedNetwork(name, weights, Bytes(1, 1) - empty, BatchLatency.Of(tables, network), loss) { StateBytesPerSequence = empty - weights };
    }
}
