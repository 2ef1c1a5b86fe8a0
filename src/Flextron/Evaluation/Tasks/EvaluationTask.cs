namespace Flextron.Evaluation.Tasks;

/// <summary>A benchmark as a descriptor: where its files lie, how they become documents, which metrics apply. Scoring is shared.</summary>
public sealed record EvaluationTask
{
    /// <summary>Name to select it by, as lm-evaluation-harness has it.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in one line.</summary>
    public required string About { get; init; }

    /// <summary>How scores become metrics.</summary>
    public required TaskKind Kind { get; init; }

    /// <summary>Whether <c>acc_norm</c> and <c>acc_bytes</c> are reported beside <c>acc</c>.</summary>
    public bool LengthNormalized { get; init; }

    /// <summary>Most worked examples before the question.</summary>
    public int MaxShots { get; init; }

    /// <summary>Version of the rules, to be kept with every result.</summary>
    public string Version { get; init; } = "1.0";

    /// <summary>Names of the data under a data folder, best first: files, or for MMLU the folder that holds <c>test</c>.</summary>
    public required IReadOnlyList<string> DataNames { get; init; }

    /// <summary>Whether the data are the generated miniature world rather than a published benchmark.</summary>
    public bool IsTinyWorld { get; init; }

    /// <summary>Reads documents in file order from the found path; the second argument is the number of shots.</summary>
    public required Func<string, int, IEnumerable<EvaluationDocument>> Read { get; init; }

    /// <summary>Reads the documents in file order.</summary>
    /// <param name="path">The file or folder that <see cref="DatasetLocator"/> found.</param>
    /// <param name="shots">Worked examples before each question, 0 to <see cref="MaxShots"/>.</param>
    /// <param name="limit">Only the first so many, or null for all.</param>
    /// <exception cref="FlextronException">A line is malformed (named by file and line), shots or limit are out of range, or there is no document.</exception>
    public IReadOnlyList<EvaluationDocument> ReadDocuments(string path, int shots = 0, int? limit = null)
    {
        if (shots < 0 || shots > MaxShots)
        {
            throw new FlextronException(MaxShots == 0
                ? $"{Name} is evaluated without examples, not with {shots} shots: leave the number of shots out for it."
                : $"{Name} takes 0 to {MaxShots} shots, not {shots}: choose a number in that range.");
        }
        if (limit < 1) throw new FlextronException($"The limit must be at least one document, not {limit}: leave it out to use all.");
        List<EvaluationDocument> documents = [.. limit is int n ? Read(path, shots).Take(n) : Read(path, shots)];
        if (documents.Count == 0) throw new FlextronException($"{path} holds no document for {Name}: get the file again.");
        return documents;
    }
}
