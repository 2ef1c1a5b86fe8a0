namespace Flextron.Data.Datasets;

/// <summary>What is known about a benchmark's data: where they come from, under which licence, and what has to arrive.</summary>
public sealed record DatasetManifest
{
    /// <summary>Name, as the task has it.</summary>
    public string Name { get; init; } = "";

    /// <summary>What it is, in a line.</summary>
    public string About { get; init; } = "";

    /// <summary>Page of its makers.</summary>
    public string Homepage { get; init; } = "";

    /// <summary>Licence of the data, as its makers state it.</summary>
    public string Licence { get; init; } = "";

    /// <summary>Documents by split, of the splits that are fetched.</summary>
    public IReadOnlyDictionary<string, long> Splits { get; init; } = new Dictionary<string, long>();

    /// <summary>Fields that evaluation reads.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>What to download.</summary>
    public IReadOnlyList<DatasetDownload> Downloads { get; init; } = [];
}
