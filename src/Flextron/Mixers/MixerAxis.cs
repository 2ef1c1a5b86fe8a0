namespace Flextron.Mixers;

/// <summary>What the rows or columns of a mixer's tensor stand for; the first four shrink with the kept groups.</summary>
public enum MixerAxis
{
    /// <summary>Elements of the query heads, g·(L/G)·H.</summary>
    QueryRows,

    /// <summary>Elements of the key heads, g·H.</summary>
    KeyRows,

    /// <summary>Groups, g.</summary>
    Groups,

    /// <summary>Query heads, g·(L/G).</summary>
    Heads,

    /// <summary>Channels of the residual stream.</summary>
    Channels,

    /// <summary>The inner size of a low-rank projection, <see cref="MixerShape.GateRank"/>.</summary>
    Rank,

    /// <summary>Taps of a causal filter, <see cref="MixerShape.FilterTaps"/>.</summary>
    Taps,
}
