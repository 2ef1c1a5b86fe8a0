using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>ARC: fields <c>question</c>, <c>choices{text,label}</c>, <c>answerKey</c>.</summary>
internal sealed class ArcEasyTask : ITaskFile
{
    /// <inheritdoc/>
    public static IEnumerable<EvaluationTask> Tasks =>
    [
        new()
        {
            Name = "arc_easy",
            About = "ARC-Easy, test: grade-school science questions (Clark et al. 2018)",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            DataNames = ["arc_easy/test.jsonl", "ARC-Easy/test.jsonl", "arc_easy.jsonl"],
            Read = (path, _) => Read(path),
        },
    ];

    private static IEnumerable<EvaluationDocument> Read(string path) => RecordReader.Read(path).Select((line, index) =>
    {
        string[] texts = line.Texts("choices", "text"), labels = line.Texts("choices", "label");
        if (texts.Length != labels.Length || texts.Length < 2) throw line.Error($"there are {texts.Length} choices and {labels.Length} labels");
        string key = line.Scalar("answerKey");
        int gold = Array.IndexOf(labels, key);
        if (gold < 0) throw line.Error($"answerKey '{key}' is not among the labels {string.Join(", ", labels)}");
        return EvaluationDocument.OfChoices(index, $"Question: {line.Text("question")}\nAnswer:", texts, gold);
    });
}
