using System.Text.Json;
using Flextron.Storage;

namespace Flextron.Evaluation;

/// <summary>Results that were computed before, by <see cref="ResultIdentity"/>: one file each, documents included.</summary>
/// <param name="folder">Where they lie.</param>
public sealed class ResultCache(string folder)
{
    /// <summary>The cache of this user; null where there is no place for one.</summary>
    public static ResultCache? OfUser()
    {
        try
        {
            return new ResultCache(Path.Combine(CacheFolder.Path, "results"));
        }
        catch (FlextronException)
        {
            return null;
        }
    }

    /// <summary>A result with this identity, or null. A file that cannot be read counts as absent: it is computed anew and replaced.</summary>
    public TaskResult? Find(ResultIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        string path = PathOf(identity);
        if (!File.Exists(path)) return null;
        try
        {
            Entry entry = FlextronJson.ReadFile<Entry>(path, "cached result");
            return entry.Result is { } result && entry.Documents is { } documents && documents.Count == result.Docs && result.Identity == identity
                ? result with { Documents = documents } : null;
        }
        catch (FlextronException)
        {
            return null;
        }
    }

    /// <summary>Keeps a result.</summary>
    /// <exception cref="FlextronException">It cannot be written.</exception>
    public void Store(TaskResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        ResultIdentity identity = result.Identity ?? throw new ArgumentException("A result without identity cannot be found again.", nameof(result));
        AtomicFile.Write(PathOf(identity), stream => JsonSerializer.Serialize(stream, new Entry(result, result.Documents), FlextronJson.Compact));
    }

    private string PathOf(ResultIdentity identity) => Path.Combine(folder, identity.Key() + ".json");

    private sealed record Entry(TaskResult? Result, IReadOnlyList<DocumentResult>? Documents);
}
