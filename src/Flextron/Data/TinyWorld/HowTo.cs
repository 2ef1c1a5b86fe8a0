namespace Flextron.Data.TinyWorld;

/// <summary>A goal with the right and a wrong way to it, in the shape of PIQA.</summary>
/// <param name="Goal">What somebody wants.</param>
/// <param name="Right">The way that works in this world.</param>
/// <param name="Wrong">The same sentence with something that does not help, of about the same length.</param>
public sealed record HowTo(string Goal, string Right, string Wrong)
{
    /// <summary>How far the two ways may differ in length, in characters.</summary>
    public const int LengthTolerance = 4;

    private static readonly string[] Openings =
    [
        "It is Monday. ", "It is Tuesday. ", "It is Friday. ", "It is Sunday. ", "It is a cold day. ", "It is a warm day. ", "It is a rainy day. ", "It is early. ",
        "It is late. ", "All the others are away. ", "A friend is here. ", "The family is at home. ",
    ];

    /// <summary>The prompt in the form of PIQA, up to and with <c>Answer:</c>.</summary>
    public string Prompt => $"Question: {Goal}\nAnswer:";

    /// <summary>Draws goals until one belongs to the split; a goal's wording belongs to one split only.</summary>
    internal static HowTo Draw(SplitMix64 random, WorldSplit split, bool even = false)
    {
        while (true)
        {
            Relation relation = World.DrawHowTo(random);
            int index = even ? random.Below(relation.Facts.Count) : relation.Draw(random);
            Fact fact = relation.Facts[index];
            string wrong = random.Pick(relation.Values);
            if (fact.Admits(wrong) || Math.Abs(wrong.Length - fact.Value.Length) > LengthTolerance) continue;
            (string goal, string right, string bad) = relation.HowTo(index, wrong, random.Pick(World.People).Name, random);
            if (random.Chance(60)) goal = random.Pick(Openings) + goal;
            if (SplitHash.Of(SplitHash.Text(goal)) == split) return new HowTo(goal, right, bad);
        }
    }
}
