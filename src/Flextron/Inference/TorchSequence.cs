using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference;

/// <summary>A text read through libtorch: the way on devices that the decode engine does not serve.</summary>
internal sealed class TorchSequence(DecoderModel model, SubNetwork network, int capacity) : ISequence
{
    private readonly KvCache cache = model.NewCache(network, 1, capacity);

    /// <inheritdoc/>
    public int Length => (int)cache.Length;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> ids)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids_BT = tensor(Array.ConvertAll(ids.ToArray(), i => (long)i)).unsqueeze(0).to(model.Device);
        return model.ForwardLast(ids_BT, network, cache)[0].to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => cache.Dispose();
}
