namespace Flextron.Data.Datasets;

/// <summary>One thing to download.</summary>
public sealed record DatasetDownload
{
    /// <summary>Addresses of the same bytes, tried in order.</summary>
    public IReadOnlyList<string> Urls { get; init; } = [];

    /// <summary>Bytes; null where nobody has stated it.</summary>
    public long? Size { get; init; }

    /// <summary>SHA-256; null where nobody has stated it: then the first download is trusted, and later ones must match it.</summary>
    public string? Sha256 { get; init; }

    /// <summary>What is kept of it. A plain file has one entry without a member.</summary>
    public IReadOnlyList<DatasetFile> Files { get; init; } = [];
}
