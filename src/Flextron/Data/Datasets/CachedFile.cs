namespace Flextron.Data.Datasets;

/// <summary>A file in the cache.</summary>
/// <param name="Name">Relative to the dataset's folder, with <c>/</c>.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its hash.</param>
public sealed record CachedFile(string Name, long Bytes, string Sha256);
