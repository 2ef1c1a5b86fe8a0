using System.Text;

namespace Flextron.Data.TinyWorld;

/// <summary>
/// The endless stream of documents: stories, paragraphs of facts, goals with solutions, and questions with choices in exactly the prompt
/// forms of the evaluation, mixed as <see cref="CorpusMix"/> says.
/// </summary>
public static class WorldCorpus
{
    /// <summary>What stands between documents in a text file; in tokens it is the boundary token.</summary>
    public const string Separator = "<|endoftext|>";

    /// <summary>Documents of a split, without end; take as many as wanted.</summary>
    /// <param name="seed">Equal seeds give equal documents, on every machine and .NET version.</param>
    /// <param name="split">Which part of the world's text; the parts share no story, paragraph, question with its choices, or goal.</param>
    /// <param name="mix">How much of each kind; the default where null.</param>
    /// <exception cref="FlextronException">The mix has a weight below zero or none above.</exception>
    public static IEnumerable<string> Documents(ulong seed, WorldSplit split, CorpusMix? mix = null)
    {
        mix ??= new CorpusMix();
        return Draw(new SplitMix64(SplitMix64.Mix(seed) ^ ((ulong)split << 56)), split, mix, mix.Cumulative());
    }

    private static IEnumerable<string> Draw(SplitMix64 random, WorldSplit split, CorpusMix mix, int[] cumulative)
    {
        var text = new StringBuilder(2000);
        while (true)
        {
            text.Clear();
            int index = Array.BinarySearch(cumulative, random.Below(cumulative[^1]));
            index = index >= 0 ? index + 1 : ~index;
            // A kind of weight 0 has its predecessor's sum and is passed over.
            while (index > 0 && cumulative[index] == cumulative[index - 1]) index++;
            switch (index)
            {
                case 0: Stories(random, split, text); break;
                case 1: text.Append(Drawn(random, split, Facts)); break;
                case 2: HowTos(random, split, text); break;
                case 3: text.Append(Drawn(random, split, PlainAnswers)); break;
                case 4: text.Append(Drawn(random, split, Letters)); break;
                case 5: Choices(random, split, mix, text, 2); break;
                default: Choices(random, split, mix, text, 4); break;
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

    private static void Choices(SplitMix64 random, WorldSplit split, CorpusMix mix, StringBuilder text, int choices)
    {
        // Most documents stay within one subject, as in the evaluation.
        string subject = random.Pick(World.Subjects);
        if (random.Chance(80)) text.Append(Question.Description(subject));
        bool explain = random.Chance(mix.ExplanationPercent), hint = random.Chance(mix.HintPercent);
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
        Span<(Relation? Relation, int Fact)> told = new (Relation?, int)[8];
        int count = 4 + random.Below(5), said = 0;
        for (int tries = 0; said < count && tries < 40; tries++)
        {
            if (!one) relation = World.DrawRelation(random, subject);
            int fact = relation.Draw(random);
            if (told[..said].Contains((relation, fact))) continue;
            if (said > 0) text.Append(' ');
            relation.AppendStatement(text, fact, random);
            told[said++] = (relation, fact);
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

    /// <summary>Choices and what each letter stands for, with nothing to know: the binding of letters, many times in few tokens.</summary>
    private static void Letters(SplitMix64 random, StringBuilder text)
    {
        string[] shown = new string[4];
        Span<int> order = [0, 1, 2, 3];
        random.Shuffle(order);
        int form = random.Below(10);
        if (form < 5)
        {
            // The prompt form itself, with a question that names its answer.
            for (int i = 0; i < 4; i++)
            {
                FillChoices(random, shown);
                var question = new Question($"Which one is {shown[order[i]]}?", shown, order[i]);
                question.AppendPrompt(text);
                text.Append(' ').Append((char)('A' + order[i]));
                if (i < 3) text.Append("\n\n");
            }
            return;
        }
        FillChoices(random, shown);
        for (int i = 0; i < 4; i++) text.Append((char)('A' + i)).Append(". ").Append(shown[i]).Append('\n');
        for (int i = 0; i < 4; i++)
        {
            char letter = (char)('A' + order[i]);
            if (form == 5) text.Append(letter).Append(" is ").Append(shown[order[i]]).Append('.');
            else text.Append("Which one is ").Append(shown[order[i]]).Append("?\nAnswer: ").Append(letter);
            if (i < 3) text.Append('\n');
        }
    }

    private static void FillChoices(SplitMix64 random, string[] shown)
    {
        Relation relation = World.DrawRelation(random);
        IReadOnlyList<string> pool = relation.Values.Count >= shown.Length && random.Chance(50) ? relation.Values : relation.Entities;
        for (int filled = 0; filled < shown.Length;)
        {
            string choice = random.Pick(pool);
            if (!shown.AsSpan(0, filled).Contains(choice)) shown[filled++] = choice;
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
