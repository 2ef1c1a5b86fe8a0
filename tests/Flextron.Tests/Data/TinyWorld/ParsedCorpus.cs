using System.Text.RegularExpressions;
using Flextron.Data.TinyWorld;

namespace Flextron.Tests.Data.TinyWorld;

/// <summary>Reads documents back with its own code, knowing nothing of how they were made.</summary>
internal sealed partial class ParsedCorpus
{
    /// <summary>Question text, choices in the order shown, the right choice.</summary>
    public List<(string Question, string[] Choices, string Answer)> Questions { get; } = [];

    /// <summary>Question and answer in words; goals and solutions too.</summary>
    public List<(string Question, string Answer)> Plain { get; } = [];

    /// <summary>Lines that are neither.</summary>
    public HashSet<string> Lines { get; } = new(StringComparer.Ordinal);

    public ParsedCorpus(IEnumerable<string> documents)
    {
        foreach (string document in documents)
        {
            if (!document.Contains("Answer:", StringComparison.Ordinal))
            {
                Lines.UnionWith(document.Split('\n'));
                continue;
            }
            foreach (Match m in Choice().Matches(document))
            {
                string[] choices = m.Groups[2].Captures.Select(c => c.Value).ToArray();
                Questions.Add((m.Groups[1].Value, choices, choices[m.Groups[3].Value[0] - 'A']));
            }
            foreach (Match m in Words().Matches(document)) Plain.Add((m.Groups[1].Value, m.Groups[2].Value));
        }
    }

    /// <summary>A question with its choices in a fixed order.</summary>
    public static string Key(string question, IEnumerable<string> choices) => $"{question}|{string.Join('|', choices.Order(StringComparer.Ordinal))}";

    /// <summary>A goal without the names of people and without what was said before it.</summary>
    public static string Core(string goal)
    {
        foreach (Person p in World.People) goal = Regex.Replace(goal, $@"\b{p.Name}\b", "NAME");
        int named = goal.IndexOf("NAME", StringComparison.Ordinal);
        int start = goal.LastIndexOf(". ", named, StringComparison.Ordinal);
        return start < 0 ? goal : goal[(start + 2)..];
    }

    [GeneratedRegex(@"^(.+\?)\n(?:[A-D]\. (.+)\n)+Answer: ([A-D])$", RegexOptions.Multiline)]
    private static partial Regex Choice();

    [GeneratedRegex(@"^Question: (.+)\nAnswer: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Words();
}
