namespace Flextron.Evaluation;

/// <summary>What of a task is evaluated, and how uncertainty is estimated.</summary>
public sealed record EvaluationSettings
{
    /// <summary>Only the first so many documents in file order, or null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Worked examples before each question, where the task has them.</summary>
    public int Shots { get; init; }

    /// <summary>Where the data lie, or null to let <see cref="DatasetLocator"/> search.</summary>
    public string? DataPath { get; init; }

    /// <summary>Seed of the bootstrap; the scores themselves are not random.</summary>
    public int Seed { get; init; } = 1234;

    /// <summary>Bootstrap samples for the standard error and interval of a perplexity.</summary>
    public int BootstrapSamples { get; init; } = 2000;
}
