namespace Flextron.Data.Shards;

/// <summary>What a folder of shards holds; written last, so a folder without one is an unfinished corpus.</summary>
public sealed record ShardManifest
{
    /// <summary>File name in the corpus folder.</summary>
    public const string FileName = "corpus.json";

    /// <summary>The version this program writes and reads; raised also when the same tokenizer file comes to give other ids, so that nothing stale is reused.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the folder's layout.</summary>
    public int Format { get; init; }

    /// <summary>What was tokenised, for people.</summary>
    public string Source { get; init; } = "";

    /// <summary>Names, sizes and times of the files, part and shard size, as a hash: where it is unchanged, nothing is read again.</summary>
    public string Stamp { get; init; } = "";

    /// <summary>SHA-256 of the tokenizer.</summary>
    public string TokenizerHash { get; init; } = "";

    /// <summary>Ids in all.</summary>
    public long Tokens { get; init; }

    /// <summary>SHA-256 over all ids as 32-bit little-endian integers: the corpus' identity, however it is cut into shards.</summary>
    public string Hash { get; init; } = "";

    /// <summary>The shards, in order.</summary>
    public IReadOnlyList<ShardEntry> Shards { get; init; } = [];
}
