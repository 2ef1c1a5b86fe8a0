namespace Flextron.Evaluation.Tasks;

/// <summary>MMLU's four groups of subjects, as lm-evaluation-harness has them.</summary>
public static class MmluGroups
{
    private static readonly Dictionary<string, string> GroupOf = Index();

    /// <summary>The groups in their usual order.</summary>
    public static IReadOnlyList<string> Names { get; } = ["stem", "other", "social sciences", "humanities"];

    /// <summary>The group of a subject such as <c>abstract_algebra</c>, or null for a subject that is not MMLU's.</summary>
    public static string? Of(string subject) => GroupOf.GetValueOrDefault(subject);

    private static Dictionary<string, string> Index()
    {
        var index = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("stem", """
            abstract_algebra anatomy astronomy college_biology college_chemistry college_computer_science college_mathematics college_physics
            computer_security conceptual_physics electrical_engineering elementary_mathematics high_school_biology high_school_chemistry
            high_school_computer_science high_school_mathematics high_school_physics high_school_statistics machine_learning
            """);
        Add("other", """
            business_ethics clinical_knowledge college_medicine global_facts human_aging management marketing medical_genetics miscellaneous
            nutrition professional_accounting professional_medicine virology
            """);
        Add("social sciences", """
            econometrics high_school_geography high_school_government_and_politics high_school_macroeconomics high_school_microeconomics
            high_school_psychology human_sexuality professional_psychology public_relations security_studies sociology us_foreign_policy
            """);
        Add("humanities", """
            formal_logic high_school_european_history high_school_us_history high_school_world_history international_law jurisprudence
            logical_fallacies moral_disputes moral_scenarios philosophy prehistory professional_law world_religions
            """);
        return index;

        void Add(string group, string subjects)
        {
            foreach (string subject in subjects.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) index.Add(subject, group);
        }
    }
}
