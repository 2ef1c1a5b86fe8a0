namespace Flextron.Tests.Reference;

/// <summary>One block in the usual orientation: Q [L·H, C], K and V [G·H, C], O [C, L·H], Gate and Up [D, C], Down [C, D].</summary>
internal sealed record HfBlock(
    double[] InputNorm, double[] Q, double[] K, double[] V, double[] O, double[] PostNorm, double[] Gate, double[] Up, double[] Down);
