namespace Flextron.Mixers;

/// <summary>One tensor that a mixer has beyond the projections it shares with attention.</summary>
/// <param name="Name">Stable name.</param>
/// <param name="Rows">First axis.</param>
/// <param name="Columns">Second axis; null for a vector.</param>
public sealed record MixerTensor(string Name, MixerAxis Rows, MixerAxis? Columns = null)
{
    /// <summary>The tensor's shape.</summary>
    public long[] Shape(MixerShape shape, long channels) =>
        Columns is { } columns ? [shape.Size(Rows, channels), shape.Size(columns, channels)] : [shape.Size(Rows, channels)];

    /// <summary>Number of elements.</summary>
    public long Count(MixerShape shape, long channels) => Shape(shape, channels).Aggregate(1L, (a, b) => a * b);
}
