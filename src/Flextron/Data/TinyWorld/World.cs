namespace Flextron.Data.TinyWorld;

/// <summary>A person of the world's stories.</summary>
/// <param name="Name">First name.</param>
/// <param name="IsFemale">Chooses the pronouns.</param>
public sealed record Person(string Name, bool IsFemale);

/// <summary>
/// The facts that everything in this folder is told from: hand-written, coherent and the same for every seed; a seed only decides which of
/// them are told, in which words and in which order.
/// </summary>
public static class World
{
    /// <summary>All kinds of facts.</summary>
    public static IReadOnlyList<Relation> Relations { get; } = [.. LivingFacts.All, .. ThingFacts.All];

    /// <summary>Subjects that have a file of four-choice questions.</summary>
    public static IReadOnlyList<string> EvaluatedSubjects { get; } = ["animals", "arithmetic", "food", "physics", "places", "tools"];

    /// <summary>All subjects; people and words are asked about in training text alone.</summary>
    public static IReadOnlyList<string> Subjects { get; } = [.. EvaluatedSubjects, "people", "words"];

    /// <summary>The people.</summary>
    public static IReadOnlyList<Person> People { get; } =
    [
        new("Anna", true), new("Tom", false), new("Lily", true), new("Ben", false), new("Mia", true), new("Sam", false), new("Eva", true), new("Max", false),
        new("Rosa", true), new("Leo", false), new("Nina", true), new("Paul", false), new("Kate", true), new("Jack", false), new("Lucy", true), new("Finn", false),
    ];

    /// <summary>The number of facts in all tables.</summary>
    public static int FactCount { get; } = Relations.Sum(r => r.Facts.Count);

    private static readonly Dictionary<string, (Relation[] Relations, int[] Cumulative)> BySubject = Subjects.ToDictionary(s => s, s => Weighted(r => r.Subject == s), StringComparer.Ordinal);
    private static readonly (Relation[] Relations, int[] Cumulative) Everything = Weighted(_ => true);
    private static readonly (Relation[] Relations, int[] Cumulative) WithGoals = Weighted(r => r.HasGoals);

    /// <summary>A relation by weight: of one subject, or of all where it is null.</summary>
    internal static Relation DrawRelation(SplitMix64 random, string? subject = null) => Draw(random, subject is null ? Everything : BySubject[subject]);

    /// <summary>A relation that has goals and solutions, by weight.</summary>
    internal static Relation DrawHowTo(SplitMix64 random) => Draw(random, WithGoals);

    private static Relation Draw(SplitMix64 random, (Relation[] Relations, int[] Cumulative) from)
    {
        int index = Array.BinarySearch(from.Cumulative, random.Below(from.Cumulative[^1]));
        return from.Relations[index >= 0 ? index + 1 : ~index];
    }

    private static (Relation[], int[]) Weighted(Func<Relation, bool> where)
    {
        Relation[] relations = Relations.Where(where).ToArray();
        int sum = 0;
        return (relations, relations.Select(r => sum += r.Weight).ToArray());
    }
}
