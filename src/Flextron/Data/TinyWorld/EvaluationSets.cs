namespace Flextron.Data.TinyWorld;

/// <summary>
/// The three evaluation sets, drawn from units that no other split contains: known facts, unseen passages, goals and sets of choices. Facts
/// are drawn evenly, so the ones that training text tells less often are asked as much as the others.
/// </summary>
public sealed class EvaluationSets
{
    /// <summary>Passages in the set in the shape of LAMBADA.</summary>
    public const int LambadaCount = 400;

    /// <summary>Goals in the set in the shape of PIQA.</summary>
    public const int PiqaCount = 400;

    /// <summary>Questions per subject in the set in the shape of MMLU.</summary>
    public const int MmluCount = 72;

    /// <summary>Further questions per subject for few-shot prompts.</summary>
    public const int MmluDevCount = 5;

    /// <summary>Draws the sets.</summary>
    /// <param name="seed">Equal seeds give equal sets.</param>
    public EvaluationSets(ulong seed)
    {
        var random = new SplitMix64(SplitMix64.Mix(seed) ^ 0xE7A1);
        Lambada = Distinct(LambadaCount, s => s, () => Story.Draw(random, WorldSplit.Evaluation)[..^1]);
        IReadOnlyList<HowTo> goals = Distinct(PiqaCount, h => h.Goal, () => HowTo.Draw(random, WorldSplit.Evaluation, even: true));
        int[] labels = Positions(random, PiqaCount, 2);
        Piqa = goals.Select((g, i) => (g, labels[i])).ToArray();
        var dev = new Dictionary<string, IReadOnlyList<Question>>(StringComparer.Ordinal);
        var test = new Dictionary<string, IReadOnlyList<Question>>(StringComparer.Ordinal);
        foreach (string subject in World.EvaluatedSubjects)
        {
            IReadOnlyList<Question> drawn = Distinct(MmluDevCount + MmluCount, q => $"{q.Text}{string.Join('|', q.Choices.Order(StringComparer.Ordinal))}",
                () => Question.Draw(random, subject, WorldSplit.Evaluation, even: true).Question);
            dev[subject] = Balanced(random, drawn.Take(MmluDevCount).ToArray());
            test[subject] = Balanced(random, drawn.Skip(MmluDevCount).ToArray());
        }
        (MmluDev, MmluTest) = (dev, test);
    }

    /// <summary>Passages without the full stop; the last word is asked for.</summary>
    public IReadOnlyList<string> Lambada { get; }

    /// <summary>Goals; the label says whether the right way stands first (0) or second (1), each half of the time.</summary>
    public IReadOnlyList<(HowTo Item, int Label)> Piqa { get; }

    /// <summary>Few-shot questions by subject.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Question>> MmluDev { get; }

    /// <summary>Questions by subject; each letter is right equally often.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Question>> MmluTest { get; }

    private static List<T> Distinct<T>(int count, Func<T, string> key, Func<T> draw)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var items = new List<T>(count);
        while (items.Count < count)
        {
            T item = draw();
            if (seen.Add(key(item))) items.Add(item);
        }
        return items;
    }

    /// <summary>Every position equally often (as far as the count divides), in random order.</summary>
    private static int[] Positions(SplitMix64 random, int count, int kinds)
    {
        int[] positions = Enumerable.Range(0, count).Select(i => i % kinds).ToArray();
        random.Shuffle(positions.AsSpan());
        return positions;
    }

    private static Question[] Balanced(SplitMix64 random, Question[] questions)
    {
        int[] positions = Positions(random, questions.Length, 4);
        return questions.Select((q, i) =>
        {
            string[] choices = q.Choices.ToArray();
            (choices[q.Answer], choices[positions[i]]) = (choices[positions[i]], choices[q.Answer]);
            return q with { Choices = choices, Answer = positions[i] };
        }).ToArray();
    }
}
