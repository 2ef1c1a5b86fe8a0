namespace Flextron.Evaluation;

/// <summary>All tasks by name. Data are found by <see cref="DatasetLocator"/>; prompts follow lm-evaluation-harness 0.4.13.</summary>
public static class TaskRegistry
{
    private static readonly EvaluationTask[] All =
    [
        new()
        {
            Name = "lambada_openai",
            About = "LAMBADA (OpenAI's variant), test: predict the last word of a passage (Paperno et al. 2016)",
            Kind = TaskKind.LastWord,
            DataNames = ["lambada_openai/lambada_test.jsonl", "lambada_openai/test.jsonl", "lambada_openai.jsonl"],
            Read = (path, _) => TaskFormats.Lambada(path),
        },
        new()
        {
            Name = "piqa",
            About = "PIQA, validation: which of two solutions reaches a physical goal (Bisk et al. 2020)",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            DataNames = ["piqa/valid.jsonl", "piqa/validation.jsonl"],
            Read = (path, _) => TaskFormats.Piqa(path),
        },
        new()
        {
            Name = "arc_easy",
            About = "ARC-Easy, test: grade-school science questions (Clark et al. 2018)",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            DataNames = ["arc_easy/test.jsonl", "ARC-Easy/test.jsonl", "arc_easy.jsonl"],
            Read = (path, _) => TaskFormats.Arc(path),
        },
        new()
        {
            Name = "hellaswag",
            About = "HellaSwag, validation: which of four endings continues a scene (Zellers et al. 2019)",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            DataNames = ["hellaswag/validation.jsonl", "hellaswag/val.jsonl", "hellaswag/hellaswag_val.jsonl", "hellaswag.jsonl"],
            Read = (path, _) => TaskFormats.HellaSwag(path),
        },
        new()
        {
            Name = "winogrande",
            About = "WinoGrande, validation: which of two nouns a blank stands for, by partial scoring (Sakaguchi et al. 2019)",
            Kind = TaskKind.MultipleChoice,
            DataNames = ["winogrande/validation.jsonl", "winogrande/dev.jsonl", "winogrande/valid.jsonl", "winogrande_xl/validation.jsonl", "winogrande.jsonl"],
            Read = (path, _) => TaskFormats.Winogrande(path),
        },
        new()
        {
            Name = "mmlu",
            About = "MMLU, test: four-way questions in 57 subjects, 0 to 5 shots (Hendrycks et al. 2021)",
            Kind = TaskKind.MultipleChoice,
            MaxShots = 5,
            DataNames = ["mmlu"],
            Read = MmluFormat.Read,
        },
        new()
        {
            Name = "wikitext",
            About = "WikiText-2, test: perplexity per word and byte of whole pages (Merity et al. 2016)",
            Kind = TaskKind.Text,
            DataNames = ["wikitext/wiki.test.raw", "wikitext/wiki.test.tokens", "wikitext/wiki.test.jsonl", "wikitext/test.jsonl"],
            Read = (path, _) => WikitextFormat.Read(path),
        },
        new()
        {
            Name = "tinyworld-lambada",
            About = "Last-word prediction in the generated miniature world; not the published LAMBADA",
            Kind = TaskKind.LastWord,
            IsTinyWorld = true,
            DataNames = ["tinyworld-lambada/lambada_test.jsonl"],
            Read = (path, _) => TaskFormats.Lambada(path),
        },
        new()
        {
            Name = "tinyworld-piqa",
            About = "Two-way choices about the generated miniature world; not the published PIQA",
            Kind = TaskKind.MultipleChoice,
            LengthNormalized = true,
            IsTinyWorld = true,
            DataNames = ["tinyworld-piqa/valid.jsonl"],
            Read = (path, _) => TaskFormats.Piqa(path),
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
            Read = MmluFormat.ReadOpen,
        },
        new()
        {
            Name = "tinyworld-mmlu-letters",
            About = "The same questions with the choices listed and scored by their letter, as MMLU has it; models of a million parameters are at chance",
            Kind = TaskKind.MultipleChoice,
            MaxShots = 5,
            IsTinyWorld = true,
            DataNames = ["tinyworld-mmlu"],
            Read = MmluFormat.Read,
        },
    ];

    /// <summary>All names: the published benchmarks, then those of the embedded data.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(task => task.Name)];

    /// <summary>The task of a name.</summary>
    /// <exception cref="FlextronException">There is no such task.</exception>
    public static EvaluationTask Get(string name) =>
        All.FirstOrDefault(task => task.Name.Equals(name?.Trim(), StringComparison.OrdinalIgnoreCase))
        ?? throw new FlextronException($"There is no task '{name}': choose from {string.Join(", ", Names)}.");
}
