namespace Flextron.Data.Datasets;

/// <summary>A file that a dataset consists of.</summary>
/// <param name="Name">Relative name in the cache. A <c>*</c> stands for the member's own file name.</param>
/// <param name="Member">Its name within a <c>.zip</c> or <c>.tar</c> archive; a <c>*</c> in the last part matches any file name. Null for a plain file.</param>
/// <param name="Sha256">SHA-256 where it is known.</param>
public sealed record DatasetFile(string Name, string? Member = null, string? Sha256 = null);
