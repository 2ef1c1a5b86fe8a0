namespace Flextron.Tokenization;

/// <summary>What a byte-pair model consists of; see <see cref="BpeModel"/>.</summary>
internal sealed record BpeDefinition
{
    /// <summary>Token text by id; null where an id is not used.</summary>
    public required string?[] Tokens { get; init; }

    /// <summary>Id by token text.</summary>
    public required Dictionary<string, int> Ids { get; init; }

    /// <summary>Left, right, merged id and rank.</summary>
    public required IReadOnlyCollection<(int Left, int Right, int Merged, int Rank)> Merges { get; init; }

    /// <summary>Whether the tokens are spelled in the <see cref="ByteLevelAlphabet"/>.</summary>
    public bool ByteLevel { get; init; }

    /// <summary>Id for each byte of a character that is not in the vocabulary (-1: none), or null without byte fallback.</summary>
    public int[]? FallbackBytes { get; init; }

    /// <summary>Id for what the vocabulary cannot spell; without one it is dropped.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Whether neighbouring unknown characters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a word that is itself a token skips the merges.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>What every symbol of a word but its first begins with; empty for nothing.</summary>
    public string ContinuingPrefix { get; init; } = "";

    /// <summary>What the last symbol of a word ends with; empty for nothing.</summary>
    public string EndSuffix { get; init; } = "";
}
