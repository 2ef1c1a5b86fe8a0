namespace Flextron.Data.Shards;

/// <summary>A run of ids that can be read at any place: in memory or in a mapped file.</summary>
internal abstract class TokenBlock : IDisposable
{
    /// <summary>Number of ids.</summary>
    public abstract long Length { get; }

    /// <summary>No id is above it.</summary>
    public abstract int LargestId { get; }

    /// <summary>Copies ids <paramref name="start"/> to <paramref name="start"/> + the destination's length; the caller has checked the range.</summary>
    public abstract void CopyTo(long start, Span<int> destination);

    /// <inheritdoc/>
    public abstract void Dispose();
}
