using System.Text;

namespace Flextron.Data.TinyWorld;

/// <summary>
/// The endless stream of documents: stories, paragraphs of facts, goals with solutions, and questions with choices in exactly the prompt
/// forms of the evaluation. About 18 % of documents are stories, 14 % facts, 15 % plain questions and answers, 53 % questions with choices.
/// </summary>
public static class Corpus
{
    /// <summary>What stands between documents in a text file; in tokens it is the boundary token.</summary>
    public const string Separator = "<|endoftext|>";

    /// <summary>Documents of a split, without end; take as many as wanted.</summary>
    /// <param name="seed">Equal seeds give equal documents, on every machine and .NET version.</param>
    /// <param name="split">Which part of the world's text; the parts share no passage, question with its choices, or goal.</param>
    public static IEnumerable<string> Documents(ulong seed, WorldSplit split)
    {
        var random = new SplitMix64(SplitMix64.Mix(seed) ^ ((ulong)split << 56));
        var text = new StringBuilder(2000);
        while (true)
        {
            text.Clear();
            switch (random.Below(100))
            {
                case < 18: Stories(random, split, text); break;
                case < 32: text.Append(Drawn(random, split, Facts)); break;
                case < 41: HowTos(random, split, text); break;
                case < 47: text.Append(Drawn(random, split, PlainAnswers)); break;
                case < 56: text.Append(Drawn(random, split, Letters)); break;
                case < 64: Choices(random, split, text, 2); break;
                default: Choices(random, split, text, 4); break;
            }
            yield return text.ToString();
        }
    }

    private static void Stories(SplitMix64 random, WorldSplit split, StringBuilder text)
    {
        text.Append(Story.Draw(random, split));
        for (int more = random.Below(3); more > 0; more--) text.Append('\n').Append(Story.Draw(random, split));
    }

    private static void HowTos(SplitMix64 random, WorldSplit split, StringBuilder text)
    {
        for (int more = random.Below(4); ; more--)
        {
            HowTo item = HowTo.Draw(random, split);
            text.Append(item.Prompt).Append(' ').Append(item.Right);
            if (more == 0) return;
            text.Append("\n\n");
        }
    }

    private static void Choices(SplitMix64 random, WorldSplit split, StringBuilder text, int choices)
    {
        // Most documents stay within one subject, as in the evaluation.
        string subject = random.Pick(World.Subjects);
        if (random.Chance(80)) text.Append(Question.Description(subject));
        bool explain = random.Chance(25), hint = random.Chance(20);
        for (int more = random.Below(4); ; more--)
        {
            (Question question, Relation relation, int fact) = Question.Draw(random, subject, split, choices);
            if (hint)
            {
                relation.AppendStatement(text, fact, random);
                text.Append('\n');
            }
            question.AppendPrompt(text);
            char letter = (char)('A' + question.Answer);
            text.Append(' ').Append(letter);
            // Saying what the letter stands for teaches a small model what the letters are.
            if (explain) text.Append("\nThe answer is ").Append(letter).Append(", which is ").Append(question.Choices[question.Answer]).Append('.');
            if (more == 0) return;
            text.Append("\n\n");
        }
    }

    private static void Facts(SplitMix64 random, StringBuilder text)
    {
        // Half of the paragraphs stay with one relation, half with one subject.
        string subject = random.Pick(World.Subjects);
        Relation relation = World.DrawRelation(random, subject);
        bool one = random.Chance(50);
        for (int more = 3 + random.Below(5); more >= 0; more--)
        {
            if (!one) relation = World.DrawRelation(random, subject);
            relation.AppendStatement(text, relation.Draw(random), random);
            if (more > 0) text.Append(' ');
        }
    }

    private static void PlainAnswers(SplitMix64 random, StringBuilder text)
    {
        for (int more = 2 + random.Below(4); more >= 0; more--)
        {
            Relation relation = World.DrawRelation(random);
            int fact = relation.Draw(random);
            bool inverted = relation.Invertible.Contains(fact) && random.Chance(35);
            text.Append("Question: ").Append(relation.Question(fact, inverted, random)).Append("\nAnswer: ");
            text.Append(inverted ? relation.Facts[fact].Entity : relation.Facts[fact].Value);
            if (more > 0) text.Append("\n\n");
        }
    }

    /// <summary>Four choices without a question, and what each letter stands for: the binding of letters, many times in few tokens.</summary>
    private static void Letters(SplitMix64 random, StringBuilder text)
    {
        string[] shown = new string[4];
        Relation relation = World.DrawRelation(random);
        IReadOnlyList<string> pool = relation.Values.Count >= 4 && random.Chance(50) ? relation.Values : relation.Entities;
        for (int filled = 0; filled < 4;)
        {
            string choice = random.Pick(pool);
            if (!shown.AsSpan(0, filled).Contains(choice)) shown[filled++] = choice;
        }
        for (int i = 0; i < 4; i++) text.Append((char)('A' + i)).Append(". ").Append(shown[i]).Append('\n');
        Span<int> order = [0, 1, 2, 3];
        random.Shuffle(order);
        bool letterFirst = random.Chance(30);
        for (int i = 0; i < 4; i++)
        {
            if (letterFirst) text.Append((char)('A' + order[i])).Append(" is ").Append(shown[order[i]]).Append('.');
            else text.Append("Which one is ").Append(shown[order[i]]).Append("?\nAnswer: ").Append((char)('A' + order[i]));
            if (i < 3) text.Append('\n');
        }
    }

    private static string Drawn(SplitMix64 random, WorldSplit split, Action<SplitMix64, StringBuilder> write)
    {
        var text = new StringBuilder(800);
        do
        {
            text.Clear();
            write(random, text);
        }
        while (!InSplit(text, split));
        return text.ToString();
    }

    private static bool InSplit(StringBuilder text, WorldSplit split)
    {
        Span<char> copy = text.Length <= 4096 ? stackalloc char[text.Length] : new char[text.Length];
        text.CopyTo(0, copy, text.Length);
        return SplitHash.Of(SplitHash.Text(copy)) == split;
    }
}
