namespace Flextron.Evaluation.Tasks;

/// <summary>One item of a benchmark, ready to score.</summary>
/// <param name="Index">Place in file order, from 0.</param>
/// <param name="Requests">One request per choice; for last-word prediction the one target.</param>
/// <param name="Choices">The choices' own text, without the leading space; its length normalises <c>acc_norm</c>.</param>
/// <param name="Gold">Index of the right choice.</param>
/// <param name="Subject">MMLU's subject, else null.</param>
public sealed record EvaluationDocument(
    int Index, IReadOnlyList<EvaluationRequest> Requests, IReadOnlyList<string> Choices, int Gold, string? Subject = null)
{
    /// <summary>A document whose choices follow one context after a space.</summary>
    internal static EvaluationDocument OfChoices(int index, string context, IReadOnlyList<string> choices, int gold, string? subject = null) =>
        new(index, [.. choices.Select(choice => new EvaluationRequest(context, " " + choice))], choices, gold, subject);
}
