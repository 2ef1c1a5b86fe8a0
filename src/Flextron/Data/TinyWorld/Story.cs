using System.Text;

namespace Flextron.Data.TinyWorld;

/// <summary>
/// Draws short stories whose last word was said before and cannot be known from the last sentence alone: who holds what, where a thing was
/// put, which of two colours it had. Plots differ in how far one has to look back and how many wrong candidates stand between.
/// </summary>
internal static class Story
{
    private static readonly string[] Gaps = ["n", "p", "P", "o", "s", "m", "q", "Q", "r", "t", "h", "x", "y", "c", "k", "l", "j", "f", "g", "a", "b", "u", "z", "d"];
    private static readonly string[] Objects = ["ball", "key", "book", "cup", "hat", "ring", "coin", "doll", "kite", "pen", "toy", "shoe", "drum", "map", "spoon", "stone"];
    private static readonly string[] Containers = ["box", "bag", "basket", "drawer", "pot", "bucket", "cupboard", "closet", "desk", "bed", "car", "boat"];
    private static readonly string[] Colours = ["red", "blue", "green", "yellow", "white", "black", "brown", "purple", "grey", "pink"];
    private static readonly string[] Foods = ["bread", "cheese", "soup", "cake", "rice", "pie", "salad", "candy", "jam", "fish", "honey", "toast", "corn", "pudding"];
    private static readonly string[] Pets = ["dog", "cat", "rabbit", "horse", "hen", "goat", "duck", "mouse", "sheep", "bird", "pig", "frog"];
    private static readonly string[] Places = ["park", "garden", "library", "school", "market", "zoo", "farm", "sea", "forest", "station", "bakery", "theatre", "kitchen", "barn"];
    private static readonly string[] Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly Template[] Openings = StoryPlots.Openings.Select(Compile).ToArray();
    private static readonly Template[] Fillers = StoryPlots.Fillers.Select(Compile).ToArray();
    private static readonly Template[]?[][] Plots = StoryPlots.Plots.Select(CompilePlot).ToArray();

    /// <summary>The number of plots.</summary>
    public static int PlotCount => Plots.Length;

    /// <summary>Draws stories until one belongs to the split.</summary>
    public static string Draw(SplitMix64 random, WorldSplit split)
    {
        var text = new StringBuilder(600);
        string[] values = new string[Gaps.Length];
        while (true)
        {
            text.Clear();
            Cast(random, values);
            Write(random, Plots[random.Below(Plots.Length)], values, text);
            string story = text.ToString();
            if (SplitHash.Of(SplitHash.Text(story)) == split) return story;
        }
    }

    private static void Write(SplitMix64 random, Template[]?[] plot, string[] values, StringBuilder text)
    {
        if (random.Chance(60))
        {
            random.Pick(Openings).Append(text, values);
            text.Append(' ');
        }
        int filler = -1;
        for (int i = 0; i < plot.Length; i++)
        {
            if (plot[i] is { } sentence)
            {
                random.Pick(sentence).Append(text, values);
                if (i + 1 < plot.Length) text.Append(' ');
                continue;
            }
            for (int more = random.Below(3); more > 0; more--)
            {
                if (random.Chance(75))
                {
                    int next = random.Below(Fillers.Length);
                    if (next == filler) next = (next + 1) % Fillers.Length;
                    Fillers[filler = next].Append(text, values);
                }
                else
                {
                    Relation relation = World.DrawRelation(random);
                    relation.AppendStatement(text, relation.Draw(random), random);
                }
                text.Append(' ');
            }
        }
    }

    private static void Cast(SplitMix64 random, string[] v)
    {
        (Person first, Person second) = Two(random, World.People);
        Person third;
        do third = random.Pick(World.People);
        while (third == first || third == second);
        (v[0], v[1], v[2], v[3], v[4]) = first.IsFemale ? (first.Name, "she", "She", "her", "her") : (first.Name, "he", "He", "him", "his");
        (v[5], v[6], v[7], v[8], v[9]) = second.IsFemale ? (second.Name, "she", "She", "her", "her") : (second.Name, "he", "He", "him", "his");
        v[10] = third.Name;
        (v[11], v[12]) = Two(random, Objects);
        (v[13], v[14]) = Two(random, Containers);
        (v[15], v[16]) = Two(random, Colours);
        (v[17], v[18]) = Two(random, Foods);
        (v[19], v[20]) = Two(random, Pets);
        (v[21], v[22]) = Two(random, Places);
        v[23] = random.Pick(Days);
    }

    private static (T First, T Second) Two<T>(SplitMix64 random, IReadOnlyList<T> from)
    {
        int first = random.Below(from.Count), second = random.Below(from.Count - 1);
        return (from[first], from[second >= first ? second + 1 : second]);
    }

    private static Template Compile(string text) => new(text, Gaps);

    private static Template[]?[] CompilePlot(string[] lines) =>
        lines.Select(l => l == StoryPlots.Pause ? null : l.Split(" / ").Select(Compile).ToArray()).ToArray();
}
