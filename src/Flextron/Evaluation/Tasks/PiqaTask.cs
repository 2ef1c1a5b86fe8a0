using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>
/// PIQA: fields <c>goal</c>, <c>sol1</c>, <c>sol2</c>; the label from <c>NAME-labels.lst</c> beside the file, else from field <c>label</c>.
/// </summary>
internal sealed class PiqaTask : ITaskFile
{
    /// <inheritdoc/>
    public static IEnumerable<EvaluationTask> Tasks =>
    [
        new()
        {
            Name = "piqa",
            About = "PIQA, validation: which of two solutions reaches a physical goal (Bisk et al. 2020)",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            DataNames = ["piqa/valid.jsonl", "piqa/validation.jsonl"],
            Read = (path, _) => Read(path),
        },
        new()
        {
            Name = "tinyworld-piqa",
            About = "Two-way choices about the generated miniature world; not the published PIQA",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            IsTinyWorld = true,
            DataNames = ["tinyworld-piqa/valid.jsonl"],
            Read = (path, _) => Read(path),
        },
    ];

    /// <summary>Where the labels of a file without a field of them lie.</summary>
    public static string LabelFile(string path) => Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path) + "-labels.lst");

    private static IEnumerable<EvaluationDocument> Read(string path)
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
            yield return EvaluationDocument.OfChoices(index++, $"Question: {line.Text("goal")}\nAnswer:", [line.Text("sol1"), line.Text("sol2")], label[0] - '0');
        }
        // Reached only where all documents were asked for.
        if (labels is not null && labels.Skip(index).Any(label => label.Length > 0))
            throw new FlextronException($"{labelFile} has more labels than {Path.GetFileName(path)} has documents ({index}): get the two files that belong together.");
    }
}
