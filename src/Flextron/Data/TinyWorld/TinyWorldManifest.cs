namespace Flextron.Data.TinyWorld;

/// <summary>What a written folder holds.</summary>
public sealed record TinyWorldManifest
{
    /// <summary>Version of the generator: rises whenever the same seed gives other bytes.</summary>
    public required int GeneratorVersion { get; init; }

    /// <summary>The seed of all files.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Facts in the world's tables.</summary>
    public required int Facts { get; init; }

    /// <summary>Number of documents, passages, goals or questions by file.</summary>
    public required IReadOnlyDictionary<string, int> Counts { get; init; }

    /// <summary>SHA-256 by file, names with forward slashes relative to the folder.</summary>
    public required IReadOnlyDictionary<string, string> Sha256 { get; init; }
}
