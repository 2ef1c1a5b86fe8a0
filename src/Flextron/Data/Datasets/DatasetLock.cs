namespace Flextron.Data.Datasets;

/// <summary>
/// What the cache holds of a dataset and where it came from. It outlives the files: a later download of an address must give the bytes that the first
/// one gave (trust on first use), unless the manifest itself states a hash.
/// </summary>
public sealed record DatasetLock
{
    /// <summary>How it came: <c>get</c> or <c>add</c>.</summary>
    public string Origin { get; init; } = "";

    /// <summary>The address, or the path that was added.</summary>
    public string Source { get; init; } = "";

    /// <summary>When, UTC.</summary>
    public DateTime Time { get; init; }

    /// <summary>Documents that the task read from it; 0 where no task has read it yet.</summary>
    public int Documents { get; init; }

    /// <summary>The files, with sizes and hashes.</summary>
    public IReadOnlyList<CachedFile> Files { get; init; } = [];

    /// <summary>Downloads by their first address: SHA-256 of what arrived the first time.</summary>
    public IReadOnlyDictionary<string, string> FirstSeen { get; init; } = new Dictionary<string, string>();
}
