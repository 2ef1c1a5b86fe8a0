namespace Flextron.Tokenization;

/// <summary>What <see cref="BpeTrainer"/> makes.</summary>
public sealed record BpeTrainerSettings
{
    /// <summary>Number of ids to reach: special tokens, then 256 bytes, then merges. Fewer result where the texts have no more pairs to merge.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Special tokens, in the order of their ids from 0. They are cut out of the training texts and matched first when encoding.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<|endoftext|>"];

    /// <summary>Beginning-of-sequence token, or null for none; joins the special tokens where it is not among them.</summary>
    public string? BosToken { get; init; }

    /// <summary>End-of-sequence token, or null for none; joins the special tokens where it is not among them.</summary>
    public string? EosToken { get; init; } = "<|endoftext|>";

    /// <summary>Whether encoding puts <see cref="BosToken"/>, where there is one, in front by default.</summary>
    public bool AddBos { get; init; } = true;

    /// <summary>Pairs that occur fewer times are not merged.</summary>
    public int MinimumPairCount { get; init; } = 2;

    /// <summary>All special tokens in the order of their ids.</summary>
    internal IReadOnlyList<string> AllSpecialTokens() =>
        [.. SpecialTokens.Concat(new[] { BosToken, EosToken }.OfType<string>()).Distinct(StringComparer.Ordinal)];

    /// <summary>Refuses settings that contradict themselves.</summary>
    internal void Validate()
    {
        IReadOnlyList<string> special = AllSpecialTokens();
        if (special.Any(string.IsNullOrEmpty)) throw new FlextronException("A special token is empty: give every special token a name.");
        if (special.FirstOrDefault(t => TextEncoding.WithoutLoneSurrogates(t) != t) is { } broken)
            throw new FlextronException($"The special token {broken} is not valid Unicode: choose another name.");
        if (special.FirstOrDefault(t => t.Length == 1 && ByteLevelAlphabet.ToByte(t[0]) >= 0) is { } single)
            throw new FlextronException($"The special token {single} is also the spelling of a byte: choose a longer name.");
        if (VocabularySize < special.Count + 256 || VocabularySize > 1 << 22)
            throw new FlextronException($"A vocabulary of {VocabularySize} cannot be trained: choose a size from {special.Count + 256} ({special.Count} special tokens and 256 bytes) to {1 << 22}.");
        if (MinimumPairCount < 1) throw new FlextronException($"A minimum pair count of {MinimumPairCount} is not possible: choose 1 or more.");
    }
}
