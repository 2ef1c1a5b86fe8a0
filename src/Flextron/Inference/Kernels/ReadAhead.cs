namespace Flextron.Inference.Kernels;

/// <summary>How far ahead of a kernel, and in which way, weights are asked for.</summary>
internal static class ReadAhead
{
    /// <summary>Bytes that one request brings.</summary>
    public const int Line = 64;

    /// <summary>
    /// Bytes of a call's weights beyond which they are taken to come from farther than a core's own cache, which other matrices have passed through
    /// since the last token. What lies near after all loses next to nothing by being asked for.
    /// </summary>
    public const nint LargestCached = 1 << 16;

    // What memory delivers while a request is under way: four rows may be shorter.
    private const nint Distance = 8192;

    // The vector that each row meets must stay in the first cache (32 KiB or more), a quarter of which this is.
    private const nint NearColumns = 2048;

    /// <summary>Bytes from a row to where requests for the rows behind it begin.</summary>
    /// <param name="stride">Bytes from row to row.</param>
    public static nint Lead(nint stride) => Math.Max(Distance, 4 * stride);

    /// <summary>The way for rows from memory.</summary>
    /// <param name="stride">Bytes from row to row.</param>
    /// <param name="columns">Weights read of each row.</param>
    /// <param name="bytes">Bytes read of each row.</param>
    public static ReadAheadKind For(nint stride, nint columns, nint bytes) =>
        bytes < stride ? ReadAheadKind.Parts : columns <= NearColumns ? ReadAheadKind.Near : ReadAheadKind.Far;
}
