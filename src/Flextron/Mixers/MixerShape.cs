namespace Flextron.Mixers;

/// <summary>The heads of a mixer: they stand where attention's heads stood, in the same groups, so that projections keep their shapes.</summary>
/// <param name="Groups">g, groups of query heads that share a key, a value and a state.</param>
/// <param name="HeadsPerGroup">L/G.</param>
/// <param name="HeadSize">H, of keys and values alike: the state of a group is H × H.</param>
/// <param name="NormEpsilon">Of the norm of every head's output.</param>
public readonly record struct MixerShape(int Groups, int HeadsPerGroup, int HeadSize, double NormEpsilon)
{
    /// <summary>Inner size of the low-rank projection that gives gated linear attention its decays.</summary>
    public const int GateRank = 16;

    /// <summary>Taps of the causal filters of the state-space mixer.</summary>
    public const int FilterTaps = 4;

    /// <summary>Length of an axis.</summary>
    public long Size(MixerAxis axis, long channels) => axis switch
    {
        MixerAxis.QueryRows => (long)Groups * HeadsPerGroup * HeadSize,
        MixerAxis.KeyRows => (long)Groups * HeadSize,
        MixerAxis.Groups => Groups,
        MixerAxis.Heads => (long)Groups * HeadsPerGroup,
        MixerAxis.Channels => channels,
        MixerAxis.Rank => GateRank,
        _ => FilterTaps,
    };
}
