using System.Text;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;

namespace Flextron.Evaluation;

/// <summary>From the scores of a document's requests to its result, and from results to accuracies.</summary>
internal static class DocumentScoring
{
    /// <summary>The result of one document.</summary>
    public static DocumentResult Result(TaskKind kind, EvaluationDocument document, ContinuationScore[] scores)
    {
        double[] sums = [.. scores.Select(score => score.LogProbability)];
        int[] tokens = [.. scores.Select(score => score.ScoredTokens)];
        int gold = document.Gold;
        if (kind == TaskKind.Text)
        {
            string page = document.Choices[0];
            return new DocumentResult(document.Index, document.Subject, 0, -1, false, false, false, [sums.Sum()], [tokens.Sum()], null, null, -sums.Sum())
            {
                Words = WikitextTask.Words(page),
                Bytes = Encoding.UTF8.GetByteCount(page),
            };
        }
        if (kind == TaskKind.LastWord)
        {
            bool greedy = scores[gold].IsGreedy;
            return new DocumentResult(
                document.Index, document.Subject, gold, greedy ? gold : -1,
                greedy, greedy, greedy, sums, tokens, null, null, -sums[gold]);
        }

        int best = Best(sums, _ => 1);
        double[] perCharacter = [.. sums.Select((sum, i) => sum / Math.Max(1, PythonText.Length(document.Choices[i])))];
        int bestNormalized = Best(perCharacter, _ => 1);
        int bestPerByte = Best(sums, i => Encoding.UTF8.GetByteCount(document.Choices[i]));
        double Margin(double[] scored) => scored[gold] - scored.Where((_, i) => i != gold).Max();
        return new DocumentResult(
            document.Index, document.Subject, gold, best, best == gold, bestNormalized == gold, bestPerByte == gold, sums, tokens,
            Margin(sums), Margin(perCharacter), -sums[gold]);
    }

    /// <summary>Share of documents for which something holds.</summary>
    public static GroupResult Accuracy(string name, IReadOnlyCollection<DocumentResult> documents, Func<DocumentResult, bool> correct)
    {
        double[] values = [.. documents.Select(document => correct(document) ? 1.0 : 0.0)];
        double mean = values.Average();
        return new GroupResult(name, values.Length, mean, SampleStatistics.StandardError(values), SampleStatistics.Wilson(mean, values.Length));
    }

    /// <summary>Accuracy of each subject, in order of appearance.</summary>
    public static IReadOnlyList<GroupResult> Subjects(IEnumerable<DocumentResult> documents) => By(documents, document => document.Subject);

    /// <summary>Accuracy of each of MMLU's groups; every question weighs the same.</summary>
    public static IReadOnlyList<GroupResult> Groups(IEnumerable<DocumentResult> documents) =>
        [.. By(documents, document => document.Subject is string subject ? MmluGroups.Of(subject) : null)
            .OrderBy(group => MmluGroups.Names.ToList().IndexOf(group.Name))];

    private static IReadOnlyList<GroupResult> By(IEnumerable<DocumentResult> documents, Func<DocumentResult, string?> key) =>
        [.. documents.Where(document => key(document) is not null).GroupBy(document => key(document)!)
            .Select(group => Accuracy(group.Key, [.. group], document => document.Correct))];

    // The first of the greatest; an empty choice counts as one unit long.
    private static int Best(double[] sums, Func<int, int> length)
    {
        int best = 0;
        double bestValue = double.NegativeInfinity;
        for (int i = 0; i < sums.Length; i++)
        {
            double value = sums[i] / Math.Max(1, length(i));
            if (value > bestValue) (best, bestValue) = (i, value);
        }
        return best;
    }
}
