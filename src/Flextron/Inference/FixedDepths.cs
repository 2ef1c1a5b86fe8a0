using Flextron.Inference.Decoding;
using Flextron.Models;

namespace Flextron.Inference;

/// <summary>
/// Passes tokens through given routed blocks while the model's own routers compute and are not heeded: what a decision costs is paid, what it decides is chosen.
/// For measuring.
/// </summary>
/// <param name="own">The model's routers.</param>
/// <param name="network">What a token that passes is computed with.</param>
/// <param name="routed">Which blocks route, ascending.</param>
internal sealed class FixedDepths(MixtureStepRouter own, SubNetwork network, IReadOnlyList<int> routed) : IStepRouter
{
    // Anything but 1 is multiplied out as the routers' own weights are; this one changes nothing to speak of.
    private static readonly float Weighing = MathF.BitIncrement(1);

    private readonly int[] routeOf = [.. Enumerable.Range(0, network.Blocks.Length).Select(b => Enumerable.Range(0, routed.Count).FirstOrDefault(r => routed[r] == b, -1))];
    private bool[] passes = [];
    private int token;
    private bool now;

    /// <summary>What the routers themselves would have decided since <see cref="Begin"/>, token by token.</summary>
    public List<bool>? Heard { get; set; }

    /// <summary>Begins a sequence.</summary>
    /// <param name="given">Token after token, for each routed block whether it passes; empty where the routers shall be heeded.</param>
    public void Begin(bool[] given) => (passes, token) = (given, 0);

    /// <inheritdoc/>
    public int KvGroups(int block, ReadOnlySpan<float> hidden_C)
    {
        int groups = own.KvGroups(block, hidden_C), route = routeOf[block];
        if (route < 0) return Kept(true);
        Heard?.Add(groups > 0);
        return Kept(passes.Length == 0 ? groups > 0 : passes[token * routed.Count + route]);

        int Kept(bool pass) => (now = pass) ? network.Blocks[block].KvGroups : 0;
    }

    /// <summary>
    /// 1, but for rounding where a token passes a routed block: weights that the routers did not learn for these tokens would make the stream's numbers something else, and
    /// what weighing costs is to be measured.
    /// </summary>
    public float Weight(int block) => now && routeOf[block] >= 0 ? Weighing : 1;

    /// <inheritdoc/>
    public int Neurons(int block, ReadOnlySpan<float> hidden_C) => now ? network.Blocks[block].Neurons : 0;

    /// <inheritdoc/>
    public void Finish(ReadOnlySpan<float> hidden_C) => token++;
}
