namespace Flextron.Data.TinyWorld;

/// <summary>What the world holds about animals, food and people. Tables: entity, answer, then after bars what else would be true.</summary>
internal static class LivingFacts
{
    private static readonly string[] FeedGoals =
        ["To feed the {e}, {n} should", "{n} wants to feed {ae}. What should {n} do?", "What can {n} give to the hungry {e}?", "The {e} of {n} is hungry. How can {n} help?"];

    public static Relation[] All { get; } =
    [
        new("animal-sound", "animals",
            """
            cow:moo, dog:woof, cat:meow, hen:cluck, sheep:baa, pig:oink, duck:quack, horse:neigh, lion:roar, frog:croak, bee:buzz,
            mouse:squeak, wolf:howl, owl:hoot, snake:hiss, crow:caw, goat:bleat
            """,
            ["{Ae} says {v}.", "The {e} says {v}.", "When you hear {av}, there may be {ae} near.", "The sound of {ae} is {v}."],
            ["What does {ae} say?", "What sound does the {e} make?"],
            ["Which animal says {v}?", "Which animal makes the sound {v}?"], weight: 14),
        new("animal-food", "animals",
            """
            cow:grass|hay|leaves|seeds|corn|carrots, dog:meat|fish|cheese, cat:fish|meat|mice|cheese,
            hen:corn|seeds|worms|grass|flies|leaves, sheep:grass|hay|leaves|corn|carrots|seeds,
            horse:hay|grass|carrots|corn|leaves|seeds, rabbit:carrots|grass|leaves|hay|seeds|corn,
            mouse:cheese|seeds|corn|nuts|meat|carrots|honey, monkey:bananas|leaves|nuts|seeds|flies, bird:worms|seeds|flies|corn|nuts,
            frog:flies|worms, squirrel:nuts|seeds|corn, lion:meat, owl:mice|meat|worms, goat:leaves|grass|hay|corn|carrots|seeds,
            bear:honey|fish|meat|nuts|worms|leaves|grass|seeds|corn, duck:seeds|grass|worms|corn|flies|fish|leaves
            """,
            ["{Ae} eats {v}.", "The {e} likes to eat {v}.", "Give {ae} some {v} and it will eat.", "The food of {ae} is {v}."],
            ["What does {ae} eat?", "What does the {e} like to eat?"],
            goals: FeedGoals, solutions: ["give it some {v}.", "give {v} to it.", "bring some {v}."], weight: 14),
        new("animal-home", "animals",
            """
            cow:barn|stable, dog:kennel|house, bird:nest|tree, fish:sea|pond, horse:stable|barn, bee:hive|tree, hen:coop|barn,
            bear:cave|forest, rabbit:burrow, duck:pond, camel:desert, monkey:jungle|tree, squirrel:tree|nest|forest, sheep:field|barn,
            wolf:forest|cave, whale:sea, spider:web, pig:pen|barn
            """,
            ["The home of {ae} is {av}.", "{Ae} lives in {av}.", "You can find {ae} in its {v}.", "The {e} sleeps in the {v}."],
            ["Where does {ae} live?", "What is the home of {ae}?"], weight: 10),
        new("animal-baby", "animals",
            """
            cow:calf, dog:puppy, cat:kitten, hen:chick, sheep:lamb, duck:duckling, horse:foal, pig:piglet, lion:cub, frog:tadpole,
            goat:kid, owl:owlet, goose:gosling
            """,
            ["A baby {e} is called {av}.", "The young of {ae} is {av}.", "{Av} grows up to be {ae}.", "The {e} has a little {v}."],
            ["What is a baby {e} called?", "What is the young of {ae}?"],
            ["What does {av} grow up to be?", "What animal is {av} when it grows up?"], weight: 10),
        new("animal-legs", "animals",
            """
            cow:four, dog:four, hen:two, bird:two, cat:four, spider:eight, ant:six, bee:six, snake:no, fish:no, horse:four, duck:two,
            lion:four, worm:no, pig:four, owl:two, fly:six
            """,
            ["{Ae} has {v} legs.", "You can see {v} legs on {ae}.", "Count the legs of {ae}: it has {v} legs."],
            ["How many legs does {ae} have?", "How many legs has the {e}?"], alsoWrong: "three, five, ten", weight: 7),
        new("animal-gives", "animals",
            "cow:milk, hen:eggs, sheep:wool, bee:honey",
            ["{Ae} gives us {v}.", "We get {v} from {ae}.", "The {v} comes from the {e}."],
            ["What do we get from {ae}?", "What does {ae} give us?"],
            ["Which animal gives us {v}?"], alsoWrong: "bread, paper, sugar, corn, apples, glass", weight: 5),

        new("food-colour", "food",
            """
            apple:red|green|yellow, banana:yellow|green, carrot:orange, lemon:yellow|green, tomato:red|green, pea:green, orange:orange,
            cherry:red|black, milk:white, egg:white|brown, chocolate:brown|black|white, bread:brown|white, plum:purple|blue|red|yellow,
            salt:white, spinach:green
            """,
            ["The colour of the {e} is {v}.", "The {e} is {v}.", "When you paint the {e}, take {v} paint."],
            ["What colour is the {e}?", "What is the colour of the {e}?"], alsoWrong: "grey, pink", weight: 9),
        new("food-taste", "food",
            """
            sugar:sweet, lemon:sour, honey:sweet, salt:salty, chocolate:sweet|bitter, coffee:bitter, pepper:hot, cake:sweet,
            candy:sweet|sour, sea water:salty, vinegar:sour
            """,
            ["The taste of {e} is {v}.", "{E} tastes {v}.", "If you eat {e}, your mouth feels something {v}."],
            ["How does {e} taste?", "What is the taste of {e}?"], alsoWrong: "loud, square, blue", weight: 7),
        new("food-kind", "food",
            """
            an apple:fruit, milk:drink, a carrot:vegetable, a banana:fruit, pudding:dessert, bread:baked food, a pear:fruit, tea:drink,
            a bean:vegetable, juice:drink, an onion:vegetable, ice cream:dessert, a plum:fruit, a roll:baked food, a potato:vegetable,
            rice:grain, corn:grain|vegetable
            """,
            ["{E} is a kind of {v}.", "We call {e} a {v}.", "We know that {e} is a {v}."],
            ["What kind of food is {e}?", "What do we call {e}?"], weight: 7),
        new("food-from", "food",
            """
            bread:flour|milk, cheese:milk, juice:fruit|vegetables, butter:milk, a cake:flour|eggs|milk|fruit,
            soup:vegetables|meat|fish|milk, an omelette:eggs|milk|vegetables, wine:grapes|fruit, a sausage:meat, jam:fruit|grapes,
            paste:flour
            """,
            ["{E} is made from {v}.", "To make {e}, you need {v}.", "People use {v} to make {e}."],
            ["What is {e} made from?", "What do you need to make {e}?"], alsoWrong: "sand, wool, glass, iron", weight: 8),
        new("food-where", "food",
            """
            apples:on a tree, carrots:under the ground, eggs:in a nest, honey:in a hive, cherries:on a tree, grapes:on a vine,
            potatoes:under the ground, rice:in a wet field, salt:in the sea, nuts:on a tree, onions:under the ground, pears:on a tree
            """,
            ["You can find {e} {v}.", "Look {v} and you may find {e}.", "People look for {e} {v}."],
            ["Where can you find {e}?", "Where do people look for {e}?"], alsoWrong: "in the moon, in a cloud, under a car", weight: 6),
        new("meal", "food",
            """
            a cake:oven|bowl|pan, soup:pot|bowl|pan, a fried egg:pan, tea:cup|pot, bread:oven|bowl|toaster, ice cream:freezer|bowl|cup,
            salad:bowl, toast:toaster|pan|oven, a pie:oven|bowl|pan
            """,
            ["We make {e} with the {v}.", "For {e} you need the {v}.", "The {v} is good for {e}."],
            ["What do we need to make {e}?", "With what do we make {e}?"], alsoWrong: "bed, shoe, window, ladder",
            goals: ["To make {e}, {n} should", "{n} wants to make {e}. What should {n} do?", "How can {n} make {e} for a friend?", "{n} would like {e}. What is the first step?"],
            solutions: ["use the {v}.", "take the {v} and start.", "get the {v} first."], weight: 6),

        new("person-colour", "people",
            """
            Anna:blue, Tom:green, Lily:red, Ben:yellow, Mia:purple, Sam:orange, Eva:white, Max:black, Rosa:pink, Leo:brown, Nina:green,
            Paul:grey, Kate:yellow, Jack:red, Lucy:blue, Finn:white
            """,
            ["The colour that {e} likes best is {v}.", "{e} likes {v} more than every other colour.", "{e} has a {v} coat, since {v} is the best colour for {e}."],
            ["What colour does {e} like best?"], weight: 6),
        new("person-pet", "people",
            """
            Anna:cat, Tom:dog, Lily:rabbit, Ben:horse, Mia:bird, Sam:fish, Eva:goat, Max:mouse, Rosa:duck, Leo:dog, Nina:hen, Paul:pig,
            Kate:cat, Jack:frog, Lucy:sheep, Finn:snake
            """,
            ["{e} has {av} at home.", "The pet of {e} is {av}.", "{e} takes good care of {av}."],
            ["What pet does {e} have?"], weight: 6),
        new("person-food", "people",
            """
            Anna:soup, Tom:cake, Lily:cheese, Ben:bread, Mia:rice, Sam:pie, Eva:salad, Max:corn, Rosa:honey, Leo:meat, Nina:jam,
            Paul:fish, Kate:toast, Jack:candy, Lucy:pudding, Finn:nuts
            """,
            ["The food that {e} likes best is {v}.", "{e} likes to eat {v}.", "{e} eats {v} on every birthday."],
            ["What food does {e} like best?"], weight: 6),
        new("family", "people",
            """
            mother of your mother:grandmother, father of your father:grandfather, brother of your mother:uncle,
            sister of your father:aunt, son of your uncle:cousin, daughter of your mother:sister, son of your father:brother
            """,
            ["The {e} is your {v}.", "You call the {e} your {v}."],
            ["Who is the {e}?"], ["Who is your {v}?"], weight: 3),
    ];
}
