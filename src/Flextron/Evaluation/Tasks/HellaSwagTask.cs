using System.Globalization;
using System.Text.RegularExpressions;
using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>HellaSwag: fields <c>activity_label</c>, <c>ctx_a</c>, <c>ctx_b</c>, <c>endings</c>, <c>label</c>.</summary>
internal sealed partial class HellaSwagTask : ITaskFile
{
    /// <inheritdoc/>
    public static IEnumerable<EvaluationTask> Tasks =>
    [
        new()
        {
            Name = "hellaswag",
            About = "HellaSwag, validation: which of four endings continues a scene (Zellers et al. 2019)",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            DataNames = ["hellaswag/validation.jsonl", "hellaswag/val.jsonl", "hellaswag/hellaswag_val.jsonl", "hellaswag.jsonl"],
            Read = (path, _) => Read(path),
        },
    ];

    private static IEnumerable<EvaluationDocument> Read(string path) => RecordReader.Read(path).Select((line, index) =>
    {
        string[] endings = [.. line.Texts("endings").Select(Clean)];
        if (endings.Length < 2) throw line.Error($"there are {endings.Length} endings");
        string label = line.Scalar("label");
        if (!int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out int gold) || gold >= endings.Length)
            throw line.Error($"label '{label}' is not one of 0 to {endings.Length - 1}");
        string context = Clean($"{line.Text("activity_label")}: {line.Text("ctx_a")} {PythonText.Capitalize(line.Text("ctx_b"))}");
        return EvaluationDocument.OfChoices(index, context, endings, gold);
    });

    /// <summary>Cleans WikiHow's marks out: strip; " [title]" → ". "; drop "[…]"; one pass of two spaces → one.</summary>
    public static string Clean(string text) =>
        Bracketed().Replace(PythonText.Trim(text).Replace(" [title]", ". ", StringComparison.Ordinal), "").Replace("  ", " ", StringComparison.Ordinal);

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex Bracketed();
}
