namespace Flextron.Data.TinyWorld;

/// <summary>
/// The plots of the stories. Gaps: n, m and h are people (p, P, o, s: he, He, him, his for n; q, Q, r, t for m), x and y objects,
/// c and k things that hold objects, l and j colours, f and g foods, a and b animals, u and z places, d a day. Alternatives stand between
/// slashes. Every plot's last word is one of two candidates that the plot itself named, and which of the two is part of the plot alone, so
/// that each closing sentence is used with either.
/// </summary>
internal static class StoryPlots
{
    /// <summary>Up to two sentences that change nothing.</summary>
    public const string Pause = "~";

    public static string[] Openings { get; } =
    [
        "It was {d}.", "One day {n} and {m} met.", "It was a warm day.", "It was a cold day.", "One morning {n} went out.", "{n} and {m} are friends.", "On {d} there was no school.",
        "{n} was at home.", "It was early in the morning.", "Once there was a little house.",
    ];

    public static string[] Fillers { get; } =
    [
        "{n} was happy.", "{m} was happy.", "{m} laughed.", "{n} sang a song.", "They sat down for a while.", "The sky was blue.", "A bird sang in a tree.", "Then they had some tea.",
        "{h} came by and said hello.", "Some time went by.", "It was very quiet.", "They talked for a long time.", "The wind was soft.", "Far away a dog said woof.",
    ];

    public static string[][] Plots { get; } =
    [
        // Colours: one thing, then two.
        ["{n} got a {l} {x} from {m}. / {m} gave {n} a {l} {x}.", Pause, "\"What colour is your {x}?\" said {h}.", "{n} said that it was {l}."],
        ["{n} had a {l} {x} and a {j} {y}. / {n} found a {l} {x} and a {j} {y}.", Pause, "{m} asked about the {x}.", "{n} said that it was {l}."],
        ["{n} had a {l} {x} and a {j} {y}. / {n} found a {l} {x} and a {j} {y}.", Pause, "{m} asked about the {y}.", "{n} said that it was {j}."],
        ["{n} has a {l} coat and {m} has a {j} coat. / {n} bought a {l} coat and {m} bought a {j} coat.", Pause, "In the street, {h} met {n}.", "{h} saw that the coat was {l}."],
        ["{n} has a {l} coat and {m} has a {j} coat. / {n} bought a {l} coat and {m} bought a {j} coat.", Pause, "In the street, {h} met {m}.", "{h} saw that the coat was {j}."],
        // Where things are: put, moved, nested.
        ["{n} put the {x} in the {c} and the {y} in the {k}. / {n} left the {x} in the {c} and the {y} in the {k}.", Pause, "Later {m} needed the {x}.", "{Q} looked in the {c}."],
        ["{n} put the {x} in the {c} and the {y} in the {k}. / {n} left the {x} in the {c} and the {y} in the {k}.", Pause, "Later {m} needed the {y}.", "{Q} looked in the {k}."],
        ["{n} put the {x} in the {c}. / {n} hid the {x} in the {c}.", Pause, "Then {m} moved the {x} from the {c} to the {k}.", Pause, "Now the {x} is in the {k}."],
        ["{n} put the {x} in the {c}. / {n} hid the {x} in the {c}.", Pause, "Then {m} moved the {y} from the {k} to the table.", Pause, "Now the {x} is in the {c}."],
        ["The {x} is in the {c} and the {y} is in the {k}.", "The {c} is at the {u} and the {k} is at the {z}.", Pause, "{n} wants the {x}.", "So {p} goes to the {u}."],
        ["The {x} is in the {c} and the {y} is in the {k}.", "The {c} is at the {u} and the {k} is at the {z}.", Pause, "{n} wants the {y}.", "So {p} goes to the {z}."],
        // People: who has, who gave, who is oldest.
        ["{n} had the {x} and {m} had the {y}. / {n} took the {x} and {m} took the {y}.", Pause, "{h} needed the {x} very much.", "So {h} went to see {n}."],
        ["{n} had the {x} and {m} had the {y}. / {n} took the {x} and {m} took the {y}.", Pause, "{h} needed the {y} very much.", "So {h} went to see {m}."],
        ["{n} and {m} went to the {u}. / {n} and {m} were at the {u}.", Pause, "{n} gave a {x} to {h}.", "{h} was glad and thanked {n}."],
        ["{n} and {m} went to the {u}. / {n} and {m} were at the {u}.", Pause, "{m} gave a {x} to {h}.", "{h} was glad and thanked {m}."],
        ["{n} is older than {m}, and {m} is older than {h}. / {m} is older than {h}, and {n} is older than {m}.", Pause, "They wanted to know who was the oldest.", "It was {n}."],
        ["{n} is older than {m}, and {m} is older than {h}. / {m} is older than {h}, and {n} is older than {m}.", Pause, "They wanted to know who was the youngest.", "It was {h}."],
        // Wishes: food, pets, places.
        ["{n} likes {f} and {m} likes {g}. / {n} loves {f}, but {m} loves {g}.", Pause, "{h} made some food for {n}.", "It was {f}."],
        ["{n} likes {f} and {m} likes {g}. / {n} loves {f}, but {m} loves {g}.", Pause, "{h} made some food for {m}.", "It was {g}."],
        ["There was {f} and there was {g} on the table.", "{n} did not want the {g}. / {n} did not like the {g}.", Pause, "So {n} ate the {f}."],
        ["There was {f} and there was {g} on the table.", "{n} did not want the {f}. / {n} did not like the {f}.", Pause, "So {n} ate the {g}."],
        ["{n} has a {a} and {m} has a {b}. / {n} lives with a {a} and {m} lives with a {b}.", Pause, "In the evening {n} went home.", "{P} played with the {a}."],
        ["{n} has a {a} and {m} has a {b}. / {n} lives with a {a} and {m} lives with a {b}.", Pause, "In the evening {m} went home.", "{Q} played with the {b}."],
        ["{n} wanted to see the {u}, but {m} wanted to see the {z}. / {m} wanted to see the {z}, but {n} wanted to see the {u}.", Pause, "They did what {n} wanted.", "They walked to the {u}."],
        ["{n} wanted to see the {u}, but {m} wanted to see the {z}. / {m} wanted to see the {z}, but {n} wanted to see the {u}.", Pause, "They did what {m} wanted.", "They walked to the {z}."],
        // Lost and found.
        ["{n} lost {s} {x}. / One day {n} could not find {s} {x}.", "{P} looked in the {u}, but it was not there.", Pause, "\"Look, what is this?\" said {m}.", "It was the {x}."],
        ["{n} lost {s} {x}.", "{P} looked at the {u} and at the {z}. / {P} went to the {u} and then to the {z}.", "It was not at the {u}.", Pause, "{n} found it at the {z}."],
        ["{n} lost {s} {x}.", "{P} looked at the {u} and at the {z}. / {P} went to the {u} and then to the {z}.", "It was not at the {z}.", Pause, "{n} found it at the {u}."],
    ];
}
