namespace Flextron.Mixers;

/// <summary>What lets the tokens of a sequence see each other in a block.</summary>
public enum MixerKind
{
    /// <summary>Softmax attention: cost per generated token grows with the context.</summary>
    Attention,

    /// <summary>Retention (Sun et al., RetNet, arXiv 2307.08621): a fixed decay per group, rotated queries and keys.</summary>
    Retention,

    /// <summary>Gated linear attention (Yang et al., arXiv 2312.06635): a decay per key channel that depends on the token.</summary>
    GatedLinear,

    /// <summary>State-space duality (Dao and Gu, Mamba-2, arXiv 2405.21060): a decay per group that depends on the token, behind short causal filters.</summary>
    StateSpace,
}
