namespace Flextron.Data.Shards;

/// <summary>One shard in a corpus' manifest.</summary>
/// <param name="File">File name in the corpus folder.</param>
/// <param name="Tokens">Ids in it.</param>
/// <param name="Documents">Documents in it.</param>
/// <param name="Characters">UTF-16 characters of their text.</param>
/// <param name="SourceHash">SHA-256 of the documents.</param>
public sealed record ShardEntry(string File, long Tokens, long Documents, long Characters, string SourceHash);
