using System.Text;
using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>
/// MMLU's folder: <c>test/SUBJECT_test.csv</c> and, for shots, <c>dev/SUBJECT_dev.csv</c>; rows question, four choices, answer as letter or 0 to 3,
/// with or without a header. Or one file of all subjects for <c>test</c> and one for <c>dev</c> (<see cref="MmluFiles"/>), with the hub's fields
/// <c>question</c>, <c>subject</c>, <c>choices</c>, <c>answer</c>. Subjects in ordinal order of name.
/// </summary>
internal sealed class MmluTask : ITaskFile
{
    private const string TestSuffix = "_test.csv";
    private static readonly string[] Letters = ["A", "B", "C", "D"];

    private sealed record MmluItem(string Question, string[] Choices, int Answer)
    {
        public string Prompt => $"{Question}\nA. {Choices[0]}\nB. {Choices[1]}\nC. {Choices[2]}\nD. {Choices[3]}\nAnswer:";

        public string OpenPrompt => $"Question: {Question}\nAnswer:";
    }

    /// <inheritdoc/>
    public static IEnumerable<EvaluationTask> Tasks =>
    [
        new()
        {
            Name = "mmlu",
            About = "MMLU, test: four-way questions in 57 subjects, 0 to 5 shots (Hendrycks et al. 2021)",
            Kind = TaskKind.MultipleChoice,
            MaxShots = 5,
            DataNames = ["mmlu"],
            Read = Read,
        },
        new()
        {
            Name = "tinyworld-mmlu",
            About = "Four-way questions about the generated miniature world by subject, choices scored by their text; not the published MMLU",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            MaxShots = 5,
            IsTinyWorld = true,
            DataNames = ["tinyworld-mmlu"],
            Read = ReadOpen,
        },
        new()
        {
            Name = "tinyworld-mmlu-letters",
            About = "The same questions with the choices listed and scored by their letter, as MMLU has it; models of a million parameters are at chance",
            Kind = TaskKind.MultipleChoice,
            MaxShots = 5,
            IsTinyWorld = true,
            DataNames = ["tinyworld-mmlu"],
            Read = Read,
        },
    ];

    /// <summary>Reads all subjects; the choices are the letters, as the benchmark has it.</summary>
    private static IEnumerable<EvaluationDocument> Read(string folder, int shots) => Read(
        folder, shots, subject => $"The following are multiple choice questions (with answers) about {subject.Replace('_', ' ')}.\n\n",
        item => item.Prompt, item => Letters);

    /// <summary>
    /// Reads all subjects; the choices are their texts, which the prompt does not list. Models too small to bind letters to choices can be asked
    /// what they know only in this form.
    /// </summary>
    private static IEnumerable<EvaluationDocument> ReadOpen(string folder, int shots) => Read(folder, shots, _ => "", item => item.OpenPrompt, item => item.Choices);

    private static IEnumerable<EvaluationDocument> Read(
        string folder, int shots, Func<string, string> description, Func<MmluItem, string> prompt, Func<MmluItem, string[]> choices)
    {
        int index = 0;
        (string[] subjects, Func<string, string, IEnumerable<MmluItem>> items) = Open(folder);
        foreach (string subject in subjects)
        {
            var head = new StringBuilder(description(subject));
            if (shots > 0)
            {
                List<MmluItem> examples = [.. items("dev", subject).Take(shots)];
                if (examples.Count < shots)
                    throw new FlextronException($"{folder} has {examples.Count} dev examples of {subject}, fewer than {shots} shots: ask for fewer or get the files again.");
                foreach (MmluItem example in examples) head.Append(prompt(example)).Append(' ').Append(choices(example)[example.Answer]).Append("\n\n");
            }
            string prefix = head.ToString();
            foreach (MmluItem item in items("test", subject))
                yield return EvaluationDocument.OfChoices(index++, prefix + prompt(item), choices(item), item.Answer, subject);
        }
    }

    private static (string[] Subjects, Func<string, string, IEnumerable<MmluItem>> Items) Open(string folder)
    {
        if (MmluFiles.Find(folder, "test") is not string test)
            return (Subjects(folder), (split, subject) => Items(Path.Combine(folder, split, $"{subject}_{split}.csv")));
        ILookup<string, MmluItem> tests = Records(test), examples = Enumerable.Empty<MmluItem>().ToLookup(_ => "");
        if (MmluFiles.Find(folder, "dev") is string dev) examples = Records(dev);
        return ([.. tests.Select(t => t.Key).Order(StringComparer.Ordinal)], (split, subject) => (split == "test" ? tests : examples)[subject]);
    }

    private static ILookup<string, MmluItem> Records(string path) => RecordReader.Read(path).ToLookup(record => record.Text("subject"), record =>
    {
        string[] choices = record.Texts("choices");
        if (choices.Length != 4) throw record.Error($"there are {choices.Length} choices, not four");
        string answer = record.Scalar("answer");
        int gold = Answer(answer);
        if (gold < 0) throw record.Error($"the answer is '{answer}', not A to D or 0 to 3");
        return new MmluItem(PythonText.Trim(record.Text("question")), choices, gold);
    });

    private static int Answer(string text) => text.Trim() switch { "0" or "A" => 0, "1" or "B" => 1, "2" or "C" => 2, "3" or "D" => 3, _ => -1 };

    private static string[] Subjects(string folder)
    {
        string test = Path.Combine(folder, "test");
        return DataFile.Guard(test, () => Directory.EnumerateFiles(test, "*" + TestSuffix)
            .Select(file => Path.GetFileName(file)[..^TestSuffix.Length]).Order(StringComparer.Ordinal).ToArray());
    }

    private static IEnumerable<MmluItem> Items(string path)
    {
        bool first = true;
        foreach ((int line, string[] row) in CsvReader.Read(path))
        {
            if (row.Length != 6)
                throw Wrong(line, $"a row has {row.Length} fields, not question, four choices and answer");
            int answer = Answer(row[5]);
            bool header = first && row[5].Trim().Equals("answer", StringComparison.OrdinalIgnoreCase);
            first = false;
            if (header) continue;
            if (answer < 0) throw Wrong(line, $"the answer is '{row[5]}', not A to D or 0 to 3");
            yield return new MmluItem(PythonText.Trim(row[0]), row[1..5], answer);
        }

        FlextronException Wrong(int line, string problem) => new($"{path}, line {line}: {problem}; correct it or get the file again.");
    }
}
