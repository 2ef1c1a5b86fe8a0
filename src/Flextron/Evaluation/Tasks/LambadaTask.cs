using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>LAMBADA: field <c>text</c>; the target is the last piece between spaces.</summary>
internal sealed class LambadaTask : ITaskFile
{
    /// <inheritdoc/>
    public static IEnumerable<EvaluationTask> Tasks =>
    [
        new()
        {
            Name = "lambada_openai",
            About = "LAMBADA (OpenAI's variant), test: predict the last word of a passage (Paperno et al. 2016)",
            Kind = TaskKind.LastWord,
            DataNames = ["lambada_openai/lambada_test.jsonl", "lambada_openai/test.jsonl", "lambada_openai.jsonl"],
            Read = (path, _) => Read(path),
        },
        new()
        {
            Name = "tinyworld-lambada",
            About = "Last-word prediction in the generated miniature world; not the published LAMBADA",
            Kind = TaskKind.LastWord,
            IsTinyWorld = true,
            DataNames = ["tinyworld-lambada/lambada_test.jsonl"],
            Read = (path, _) => Read(path),
        },
    ];

    private static IEnumerable<EvaluationDocument> Read(string path) => RecordReader.Read(path).Select((line, index) =>
    {
        string text = line.Text("text");
        int cut = text.LastIndexOf(' ');
        string word = text[(cut + 1)..];
        return new EvaluationDocument(index, [new EvaluationRequest(cut < 0 ? "" : text[..cut], " " + word)], [word], 0);
    });
}
