namespace Flextron.Data.TinyWorld;

/// <summary>Weights of the kinds of documents in <see cref="WorldCorpus"/>: how many of all documents, relative to the sum of the weights.</summary>
public sealed record CorpusMix
{
    /// <summary>One to three short stories.</summary>
    public int Stories { get; init; } = 46;

    /// <summary>A paragraph of facts.</summary>
    public int Facts { get; init; } = 12;

    /// <summary>One to four goals with the way to each.</summary>
    public int HowTos { get; init; } = 12;

    /// <summary>Questions with the answer in words.</summary>
    public int PlainAnswers { get; init; } = 24;

    /// <summary>Lists of choices with what each letter stands for: the easiest form in which letters are bound to choices.</summary>
    public int Letters { get; init; } = 2;

    /// <summary>One to four questions with two choices.</summary>
    public int TwoChoices { get; init; }

    /// <summary>One to four questions with four choices, the form of the evaluation.</summary>
    public int FourChoices { get; init; } = 4;

    /// <summary>Of the documents of questions with choices, the percentage in which a true sentence stands before each question.</summary>
    public int HintPercent { get; init; } = 20;

    /// <summary>Of the documents of questions with choices, the percentage in which each letter is followed by what it stands for.</summary>
    public int ExplanationPercent { get; init; } = 25;

    internal int[] Cumulative()
    {
        int sum = 0;
        int[] weights = [Stories, Facts, HowTos, PlainAnswers, Letters, TwoChoices, FourChoices];
        if (weights.Any(w => w is < 0 or > 1_000_000) || weights.All(w => w == 0))
            throw new FlextronException($"The corpus mix has the weights {string.Join(", ", weights)}: give each from 0 to 1,000,000 and at least one above 0.");
        return weights.Select(w => sum += w).ToArray();
    }
}
