using System.Text;

namespace Flextron.Data.TinyWorld;

/// <summary>A question with choices, one of them right.</summary>
/// <param name="Text">The question, ending in a question mark.</param>
/// <param name="Choices">Two or four.</param>
/// <param name="Answer">Index of the right one.</param>
public sealed record Question(string Text, IReadOnlyList<string> Choices, int Answer)
{
    /// <summary>The line that opens a prompt of a subject, blank line included.</summary>
    public static string Description(string subject) => $"The following are multiple choice questions (with answers) about {subject}.\n\n";

    /// <summary>The question in the prompt form of MMLU, up to and with <c>Answer:</c>.</summary>
    internal void AppendPrompt(StringBuilder to)
    {
        to.Append(Text).Append('\n');
        for (int i = 0; i < Choices.Count; i++) to.Append((char)('A' + i)).Append(". ").Append(Choices[i]).Append('\n');
        to.Append("Answer:");
    }

    /// <summary>Draws questions of a subject (of any where null) until one belongs to the split.</summary>
    /// <param name="random">The source.</param>
    /// <param name="subject">Such as <c>animals</c>.</param>
    /// <param name="split">The part of the world's text.</param>
    /// <param name="choices">How many choices.</param>
    /// <param name="even">Every fact of the relation as likely as the others, instead of the table's first more often.</param>
    internal static (Question Question, Relation Relation, int Fact) Draw(SplitMix64 random, string? subject, WorldSplit split, int choices = 4, bool even = false)
    {
        string[] shown = new string[choices];
        while (true)
        {
            Relation relation = World.DrawRelation(random, subject);
            int index = even ? random.Below(relation.Facts.Count) : relation.Draw(random);
            Fact fact = relation.Facts[index];
            bool inverted = relation.Invertible.Contains(index) && random.Chance(35);
            string right = inverted ? fact.Entity : fact.Value;
            IReadOnlyList<string> pool = inverted ? relation.Entities : relation.Values;
            shown[0] = right;
            for (int filled = 1, tries = 0; filled < choices; tries++)
            {
                if (tries > 1000) throw new InvalidOperationException($"The relation {relation.Name} has too few wrong choices for {fact.Entity}.");
                string wrong = random.Pick(pool);
                // An entity with the same value is no wrong choice either; Invertible made sure that there is none but the right one.
                if (shown.AsSpan(0, filled).Contains(wrong) || (!inverted && fact.Admits(wrong))) continue;
                shown[filled++] = wrong;
            }
            string text = relation.Question(index, inverted, random);
            if (SplitHash.Of(SplitHash.Choices(text, shown)) != split) continue;
            int answer = random.Below(choices);
            (shown[0], shown[answer]) = (shown[answer], shown[0]);
            return (new Question(text, shown, answer), relation, index);
        }
    }
}
