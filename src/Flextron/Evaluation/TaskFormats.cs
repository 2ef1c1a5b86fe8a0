using System.Globalization;
using System.Text.RegularExpressions;
using Flextron.Data.Records;

namespace Flextron.Evaluation;

/// <summary>Files of the single-file benchmarks to documents, with lm-evaluation-harness 0.4.13's prompts.</summary>
internal static partial class TaskFormats
{
    /// <summary>Field <c>text</c>; the target is the last piece between spaces.</summary>
    public static IEnumerable<EvaluationDocument> Lambada(string path) => RecordReader.Read(path).Select((line, index) =>
    {
        string text = line.Text("text");
        int cut = text.LastIndexOf(' ');
        string word = text[(cut + 1)..];
        return new EvaluationDocument(index, [new EvaluationRequest(cut < 0 ? "" : text[..cut], " " + word)], [word], 0);
    });

    /// <summary>Fields <c>goal</c>, <c>sol1</c>, <c>sol2</c>; the label from <c>NAME-labels.lst</c> beside the file, else from field <c>label</c>.</summary>
    public static IEnumerable<EvaluationDocument> Piqa(string path)
    {
        string labelFile = LabelFile(path);
        string[]? labels = !File.Exists(labelFile) ? null
            : DataFile.Guard(labelFile, () => File.ReadAllText(labelFile).Split('\n', StringSplitOptions.TrimEntries));
        int index = 0;
        foreach (DataRecord line in RecordReader.Read(path))
        {
            string? label = labels is null ? line.Scalar("label") : index < labels.Length ? labels[index] : "";
            if (label is not ("0" or "1"))
            {
                throw labels is null
                    ? line.Error($"label is '{label}', not 0 or 1")
                    : new FlextronException(
                        $"{labelFile}, line {index + 1}: the label is '{label}', not 0 or 1; get the file that belongs to {Path.GetFileName(path)}.");
            }
            yield return Choices(index++, $"Question: {line.Text("goal")}\nAnswer:", [line.Text("sol1"), line.Text("sol2")], label[0] - '0');
        }
    }

    /// <summary>Where the labels of a file without a field of them lie.</summary>
    public static string LabelFile(string path) => Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path) + "-labels.lst");

    /// <summary>Fields <c>question</c>, <c>choices{text,label}</c>, <c>answerKey</c>.</summary>
    public static IEnumerable<EvaluationDocument> Arc(string path) => RecordReader.Read(path).Select((line, index) =>
    {
        string[] texts = line.Texts("choices", "text"), labels = line.Texts("choices", "label");
        if (texts.Length != labels.Length || texts.Length < 2) throw line.Error($"there are {texts.Length} choices and {labels.Length} labels");
        string key = line.Scalar("answerKey");
        int gold = Array.IndexOf(labels, key);
        if (gold < 0) throw line.Error($"answerKey '{key}' is not among the labels {string.Join(", ", labels)}");
        return Choices(index, $"Question: {line.Text("question")}\nAnswer:", texts, gold);
    });

    /// <summary>Fields <c>activity_label</c>, <c>ctx_a</c>, <c>ctx_b</c>, <c>endings</c>, <c>label</c>.</summary>
    public static IEnumerable<EvaluationDocument> HellaSwag(string path) => RecordReader.Read(path).Select((line, index) =>
    {
        string[] endings = [.. line.Texts("endings").Select(Clean)];
        if (endings.Length < 2) throw line.Error($"there are {endings.Length} endings");
        string label = line.Scalar("label");
        if (!int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out int gold) || gold >= endings.Length)
            throw line.Error($"label '{label}' is not one of 0 to {endings.Length - 1}");
        string context = Clean($"{line.Text("activity_label")}: {line.Text("ctx_a")} {PythonText.Capitalize(line.Text("ctx_b"))}");
        return Choices(index, context, endings, gold);
    });

    /// <summary>Fields <c>sentence</c> with a blank <c>_</c>, <c>option1</c>, <c>option2</c>, <c>answer</c>.</summary>
    public static IEnumerable<EvaluationDocument> Winogrande(string path) => RecordReader.Read(path).Select((line, index) =>
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

    /// <summary>A document whose choices follow one context after a space.</summary>
    public static EvaluationDocument Choices(int index, string context, IReadOnlyList<string> choices, int gold, string? subject = null) =>
        new(index, [.. choices.Select(choice => new EvaluationRequest(context, " " + choice))], choices, gold, subject);

    /// <summary>HellaSwag's cleaning of WikiHow's marks: strip; " [title]" → ". "; drop "[…]"; one pass of two spaces → one.</summary>
    public static string Clean(string text) =>
        Bracketed().Replace(PythonText.Trim(text).Replace(" [title]", ". ", StringComparison.Ordinal), "").Replace("  ", " ", StringComparison.Ordinal);

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex Bracketed();
}
