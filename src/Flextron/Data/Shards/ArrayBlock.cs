namespace Flextron.Data.Shards;

/// <summary>Ids in memory.</summary>
internal sealed class ArrayBlock(int[] ids) : TokenBlock
{
    public override long Length => ids.Length;

    public override int LargestId => ids.Length == 0 ? 0 : ids.Max();

    public override void CopyTo(long start, Span<int> destination) => ids.AsSpan((int)start, destination.Length).CopyTo(destination);

    public override void Dispose() { }
}
