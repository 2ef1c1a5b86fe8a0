using Flextron.Models;

namespace Flextron.CrossArchitecture;

/// <summary>A model with linear mixers, and what it has from the pretrained one.</summary>
/// <param name="Weights">Its weights; owned by this object.</param>
/// <param name="Transferred">Names of the tensors taken over, as in <see cref="DecoderWeights.Named"/>.</param>
public sealed record TransferredModel(DecoderWeights Weights, IReadOnlySet<string> Transferred) : IDisposable
{
    /// <summary>Parameters taken over.</summary>
    public long TransferredParameters => Weights.Named().Where(n => Transferred.Contains(n.Name)).Sum(n => n.Tensor.numel());

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Weights.Dispose();
}
