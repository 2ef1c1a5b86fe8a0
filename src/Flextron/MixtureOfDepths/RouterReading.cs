using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.MixtureOfDepths;

/// <summary>What a router makes of the tokens in front of its block. Tensors belong to the dispose scope of the pass.</summary>
public sealed class RouterReading
{
    private readonly DepthRouter router;
    private readonly CausalSampler sampler;
    private readonly Tensor x_BTC;
    private Tensor? predicted_BT;

    internal RouterReading(DepthRouter router, CausalSampler sampler, Tensor x_BTC)
    {
        // An alias: it may outlive the pass, while the stream itself goes on to the next block.
        (this.router, this.sampler, this.x_BTC) = (router, sampler, x_BTC.alias());
        Logits_BT = router.Logits(x_BTC);
    }

    /// <summary>Index of the block.</summary>
    public int Block => router.Block;

    /// <summary>B.</summary>
    public int Batch => (int)Logits_BT.size(0);

    /// <summary>T.</summary>
    public int Time => (int)Logits_BT.size(1);

    /// <summary>The router's logits.</summary>
    public Tensor Logits_BT { get; }

    /// <summary>What the model's causal sampler goes by: a token passes where it is positive. Computed when first asked for.</summary>
    public Tensor SamplerLogits_BT => LogitsOf(sampler);

    /// <summary>What a causal sampler goes by, whichever the model generates with.</summary>
    public Tensor LogitsOf(CausalSampler asked) => asked == CausalSampler.Auxiliary ? Logits_BT : predicted_BT ??= router.Predict(x_BTC, Logits_BT);

    /// <summary>Which tokens pass, by flat index b·T + t.</summary>
    public bool[] Selected { get; internal set; } = [];

    /// <summary>The selection as numbers, 1 where a token passes.</summary>
    /// <returns>membership_BT, float32.</returns>
    public Tensor Membership_BT()
    {
        using Tensor managed = tensor(Selected);
        return managed.to(ScalarType.Float32).view(Batch, Time).to(Logits_BT.device);
    }

    /// <summary>The same stream and decisions as another router of the block reads them.</summary>
    internal RouterReading For(DepthRouter other) => new(other, sampler, x_BTC) { Selected = Selected };

    /// <summary>Mean binary cross-entropy of a causal sampler against the decisions taken, nats per decision.</summary>
    /// <param name="readings">Of one pass, at least one.</param>
    /// <param name="sampler">Which.</param>
    internal static Tensor Loss(IReadOnlyList<RouterReading> readings, CausalSampler sampler) =>
        readings.Select(r => functional.binary_cross_entropy_with_logits(r.LogitsOf(sampler), r.Membership_BT())).Aggregate((a, b) => a + b) / readings.Count;

    /// <summary>Hands the tensors to the caller of the pass.</summary>
    internal void MoveToOuterDisposeScope()
    {
        x_BTC.MoveToOuterDisposeScope();
        Logits_BT.MoveToOuterDisposeScope();
        predicted_BT?.MoveToOuterDisposeScope();
    }

    internal static float[] Values(Tensor logits_BT)
    {
        using var scope = NewDisposeScope();
        return logits_BT.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
    }
}
