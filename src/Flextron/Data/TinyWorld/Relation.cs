using System.Text;

namespace Flextron.Data.TinyWorld;

/// <summary>
/// One kind of fact ("what an animal eats") with its table and the ways to say it, to ask it, and to turn it into a goal with a solution.
/// Gaps: <c>{e}</c> the entity, <c>{ae}</c> "a cow", <c>{Ae}</c> "A cow", <c>{E}</c> "Cow", the same with v for the value; goals and
/// solutions also know <c>{n}</c>, a person's name.
/// </summary>
public sealed class Relation
{
    private static readonly string[] Gaps = ["e", "ae", "Ae", "E", "v", "av", "Av", "V", "n"];
    private readonly Template[] statements, questions, inverse, goals, solutions;
    private readonly string[][] forms;
    private readonly int[] cumulative;
    private readonly int[] invertible;

    /// <summary>Reads a table such as <c>"cow:grass|hay, hen:corn"</c> (answer, then what else would be true).</summary>
    internal Relation(string name, string subject, string table, string[] statements, string[] questions, string[]? inverse = null,
        string[]? goals = null, string[]? solutions = null, string? alsoWrong = null, int weight = 10)
    {
        (Name, Subject, Weight) = (name, subject, weight);
        Facts = table.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToArray();
        Values = Facts.Select(f => f.Value).Concat(Split(alsoWrong)).Distinct(StringComparer.Ordinal).ToArray();
        Entities = Facts.Select(f => f.Entity).ToArray();
        this.statements = Compile(statements);
        this.questions = Compile(questions);
        this.inverse = Compile(inverse ?? []);
        this.goals = Compile(goals ?? []);
        this.solutions = Compile(solutions ?? []);
        forms = Facts.Select(f => Forms(f.Entity, f.Value)).ToArray();
        invertible = this.inverse.Length == 0 ? [] : Enumerable.Range(0, Facts.Count).Where(i => Facts.Count(f => f.Admits(Facts[i].Value)) == 1).ToArray();
        // Earlier rows of a table come up more often (about four times as often as the last), so the world has easy and hard facts.
        cumulative = new int[Facts.Count];
        for (int i = 0, sum = 0; i < cumulative.Length; i++) cumulative[i] = sum += 100 * cumulative.Length / (cumulative.Length + 3 * i);
    }

    /// <summary>Its name, such as <c>animal-food</c>.</summary>
    public string Name { get; }

    /// <summary>The subject that its questions belong to, such as <c>animals</c>.</summary>
    public string Subject { get; }

    /// <summary>The table, the most frequent fact first.</summary>
    public IReadOnlyList<Fact> Facts { get; }

    /// <summary>How often it comes up beside others of its subject.</summary>
    public int Weight { get; }

    /// <summary>All values: the pool of wrong choices.</summary>
    internal IReadOnlyList<string> Values { get; }

    /// <summary>All entities: the pool of wrong choices of a question that names the value.</summary>
    internal IReadOnlyList<string> Entities { get; }

    /// <summary>Facts whose value no other entity has, so that "which animal says moo?" has one answer.</summary>
    internal IReadOnlyList<int> Invertible => invertible;

    internal bool HasGoals => goals.Length > 0;

    /// <summary>A fact's index; earlier ones more often.</summary>
    internal int Draw(SplitMix64 random)
    {
        int index = Array.BinarySearch(cumulative, random.Below(cumulative[^1]));
        return index >= 0 ? index + 1 : ~index;
    }

    internal void AppendStatement(StringBuilder to, int fact, SplitMix64 random) => random.Pick(statements).Append(to, forms[fact]);

    internal string Question(int fact, bool inverted, SplitMix64 random) => random.Pick(inverted ? inverse : questions).Fill(forms[fact]);

    /// <summary>A goal, and the right and a wrong solution in the same words; the wrong one is <paramref name="wrong"/> in place of the value.</summary>
    internal (string Goal, string Right, string Wrong) HowTo(int fact, string wrong, string person, SplitMix64 random)
    {
        string[] right = [.. forms[fact]], bad = Forms(Facts[fact].Entity, wrong);
        right[^1] = bad[^1] = person;
        Template solution = random.Pick(solutions);
        return (random.Pick(goals).Fill(right), solution.Fill(right), solution.Fill(bad));
    }

    private static string[] Forms(string e, string v) => [e, A(e), Capital(A(e)), Capital(e), v, A(v), Capital(A(v)), Capital(v), ""];

    private static string A(string noun) => ("aeiou".Contains(noun[0], StringComparison.Ordinal) ? "an " : "a ") + noun;

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string[] Split(string? list) => list?.Split(',', StringSplitOptions.TrimEntries) ?? [];

    private static Template[] Compile(string[] texts) => texts.Select(t => new Template(t, Gaps)).ToArray();

    private static Fact Parse(string row)
    {
        string[] sides = row.Split(':');
        string[] values = sides[1].Split('|');
        return new Fact(sides[0], values[0], values[1..]);
    }
}
