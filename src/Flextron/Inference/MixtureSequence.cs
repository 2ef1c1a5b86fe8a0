using Flextron.MixtureOfDepths;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference;

/// <summary>A text read through a Mixture-of-Depths model with its causal sampler: blocks that a token does not pass are not run.</summary>
internal sealed class MixtureSequence(MixtureModel mixture, SubNetwork network, int capacity) : ISequence
{
    private readonly MixtureCache cache = mixture.NewCache(1, capacity, network);
    private readonly CausalTokens sampler = new();

    /// <inheritdoc/>
    public int Length => cache.Length;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> ids)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids_BT = tensor(Array.ConvertAll(ids.ToArray(), i => (long)i)).unsqueeze(0).to(mixture.Model.Device);
        return mixture.ForwardLast(ids_BT, sampler, network, cache)[0].to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => cache.Dispose();
}
