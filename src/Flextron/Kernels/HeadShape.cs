using static TorchSharp.torch;

namespace Flextron.Kernels;

/// <summary>How attention sees heads: positions cut into chunks, so that a chunk of queries meets only the keys up to its last position.</summary>
/// <param name="Batch">B.</param>
/// <param name="Time">T.</param>
/// <param name="Groups">G, key/value groups.</param>
/// <param name="HeadsPerGroup">R; 1 for keys and values.</param>
/// <param name="HeadSize">H.</param>
/// <param name="ChunkTime">Positions of a chunk; the last one may have fewer.</param>
internal readonly record struct HeadShape(long Batch, long Time, long Groups, long HeadsPerGroup, long HeadSize, long ChunkTime)
{
    /// <summary>Number of chunks.</summary>
    public long Chunks => (Time + ChunkTime - 1) / ChunkTime;

    /// <summary>First position of a chunk.</summary>
    public long Start(long chunk) => chunk * ChunkTime;

    /// <summary>Positions of a chunk.</summary>
    public long Length(long chunk) => Math.Min(ChunkTime, Time - chunk * ChunkTime);

    /// <summary>One chunk of a tensor in this layout as [B·G, R·positions, H]; a view.</summary>
    public Tensor Chunk(Tensor heads, long chunk)
    {
        long length = Length(chunk) * HeadsPerGroup;
        return heads.narrow(0, Start(chunk) * PerPosition, length * Batch * Groups * HeadSize).view(Batch * Groups, length, HeadSize);
    }

    /// <summary>Where a head's vector begins.</summary>
    public long Offset(long b, long t, long head)
    {
        long chunk = t / ChunkTime, length = Length(chunk);
        (long g, long r) = (head / HeadsPerGroup, head % HeadsPerGroup);
        return Start(chunk) * PerPosition + (((b * Groups + g) * HeadsPerGroup + r) * length + (t - Start(chunk))) * HeadSize;
    }

    private long PerPosition => Batch * Groups * HeadsPerGroup * HeadSize;
}
