using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>
/// WinoGrande by partial scoring: fields <c>sentence</c> with a blank <c>_</c>, <c>option1</c>, <c>option2</c>, <c>answer</c>. Each option makes a
/// context; what follows the blank is scored after both.
/// </summary>
internal sealed class WinograndeTask : ITaskFile
{
    /// <inheritdoc/>
    public static IEnumerable<EvaluationTask> Tasks =>
    [
        new()
        {
            Name = "winogrande",
            About = "WinoGrande, validation: which of two nouns a blank stands for, by partial scoring (Sakaguchi et al. 2019)",
            Kind = TaskKind.MultipleChoice,
            DataNames = ["winogrande/validation.jsonl", "winogrande/dev.jsonl", "winogrande/valid.jsonl", "winogrande_xl/validation.jsonl", "winogrande.jsonl"],
            Read = (path, _) => Read(path),
        },
    ];

    private static IEnumerable<EvaluationDocument> Read(string path) => RecordReader.Read(path).Select((line, index) =>
    {
        string sentence = line.Text("sentence");
        int blank = sentence.IndexOf('_', StringComparison.Ordinal);
        if (blank < 0) throw line.Error("the sentence has no blank '_'");
        string answer = line.Scalar("answer");
        if (answer is not ("1" or "2")) throw line.Error($"answer '{answer}' is not 1 or 2");
        string[] options = [line.Text("option1"), line.Text("option2")];
        string continuation = " " + PythonText.Trim(sentence[(blank + 1)..]);
        return new EvaluationDocument(
            index, [.. options.Select(option => new EvaluationRequest(sentence[..blank] + option, continuation))], options, answer[0] - '1');
    });
}
