namespace Flextron.Data.TinyWorld;

/// <summary>What the world holds about places, tools, materials, weather, numbers and words. Tables as in <see cref="LivingFacts"/>.</summary>
internal static class ThingFacts
{
    private static readonly string[] Numbers =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

    public static Relation[] All { get; } =
    [
        new("place-for", "places",
            """
            buy bread:bakery|shop|market, read books:library|school|garden, see a doctor:hospital, swim in the waves:sea,
            learn to write:school|library, see wild animals:zoo|jungle|forest|mountain|sea, get on a train:station,
            borrow a book:library|school, plant flowers:garden|park|farm|school, watch a play:theatre|school,
            send a letter:post office|station, buy vegetables:market|shop|farm, get on a plane:airport, keep money safe:bank,
            milk a cow:farm, climb high rocks:mountain, sleep in a tent:forest|mountain|garden|field
            """,
            ["You go to the {v} to {e}.", "To {e}, go to the {v}.", "At the {v} people {e}.", "The {v} is a good place to {e}."],
            ["Where do you go to {e}?", "Which place do you go to if you want to {e}?"],
            goals: ["To {e}, {n} should", "{n} wants to {e}. What should {n} do?", "How can {n} {e} today?", "{n} likes to {e}. Which way is best?"],
            solutions: ["go to the {v}.", "walk to the {v}.", "take the bus to the {v}."], weight: 14),
        new("place-found", "places",
            """
            library:books, farm:cows, bakery:bread|cake, sea:waves|fish, forest:trees|bears, zoo:lions|bears|trees,
            school:teachers|books|maps, hospital:doctors|beds, desert:sand, garden:flowers|trees, station:trains|maps,
            airport:planes|maps, kitchen:pots|bread|cake, bank:money, sky:clouds|planes, hotel:beds|maps, bedroom:beds|books
            """,
            ["The {e} is full of {v}.", "In the {e} you see {v}.", "You find {v} in the {e}."],
            ["What do you find in the {e}?", "What is there in the {e}?"], weight: 10),
        new("kept-in", "places",
            """
            milk:fridge|freezer, coat:closet|wardrobe, book:shelf|desk|drawer|bed|closet, car:garage|barn,
            bread:cupboard|basket|freezer|drawer|shelf, ice cream:freezer, letter:mailbox|desk|drawer|shelf,
            pillow:bed|closet|cupboard, spoon:drawer|cupboard, money:wallet|bank|drawer|desk, soap:bathroom|cupboard|drawer, hay:barn,
            plate:cupboard|shelf, pencil:desk|drawer|shelf
            """,
            ["The {e} is kept in the {v}.", "We keep the {e} in the {v}.", "Look for the {e} in the {v}."],
            ["Where do we keep the {e}?", "Where is the {e} kept?"],
            goals: ["To find the {e}, {n} should", "{n} needs the {e}. What should {n} do?", "How can {n} find the {e} at home?", "{n} is looking for the {e}. What is best?"],
            solutions: ["look in the {v}.", "go and see what is in the {v}.", "open the {v} and look."], weight: 10),
        new("job-place", "places",
            """
            teacher:school, doctor:hospital, farmer:farm, cook:kitchen|hotel, baker:bakery, sailor:ship, pilot:airport|plane,
            gardener:garden, actor:theatre, miner:mine
            """,
            ["{Ae} works at the {v}.", "At the {v} you can meet {ae}.", "The work of {ae} is at the {v}."],
            ["Where does {ae} work?", "Where can you meet {ae} at work?"],
            ["Who works at the {v}?"], weight: 7),

        new("tool-for", "tools",
            """
            cut paper:scissors|knife|saw, hit a nail:hammer, eat soup:spoon|cup, sweep the floor:broom,
            write a letter:pen|pencil|brush, open a lock:key|needle, dig a hole:shovel|spoon, brush teeth:toothbrush,
            cut bread:knife|saw, dry wet hands:towel, paint a wall:brush, climb to the roof:ladder|rope, catch a fish:net|rod,
            see in the dark:lamp|torch, saw wood:saw|knife, sew a shirt:needle, carry water:bucket|spoon,
            stay dry in the rain:umbrella, tell the time:clock, wash hair:shampoo, fix a loose screw:screwdriver, find the way:map,
            comb hair:comb, measure a table:ruler|rope, tie a boat:rope|net
            """,
            ["To {e}, use the {v}.", "You {e} with the {v}.", "The {v} helps you to {e}.", "People use the {v} to {e}."],
            ["What do you use to {e}?", "Which thing helps you to {e}?"],
            ["What can you do with the {v}?"],
            goals: ["To {e}, {n} should", "{n} wants to {e}. What should {n} do?", "How can {n} {e} at home?", "{n} has to {e}. What is the best way?"],
            solutions: ["use the {v}.", "take the {v}.", "look for the {v} and use it.", "ask for the {v}."], weight: 22),
        new("tool-material", "tools",
            """
            hammer:iron|wood|plastic|rubber, book:paper, window:glass|plastic|wood, sweater:wool, table:wood|glass|plastic|iron,
            key:iron, shoe:leather|rubber|cotton|plastic|wood|wool, bottle:glass|plastic, newspaper:paper, broom:wood|straw|plastic,
            shirt:cotton|wool, wheel:rubber|wood|iron|plastic, nail:iron, candle:wax, brick:clay, door:wood|iron|glass|plastic,
            map:paper|plastic|cotton, scarf:wool|cotton
            """,
            ["The {e} is made of {v}.", "{Ae} is made of {v}.", "People make {ae} out of {v}."],
            ["What is {ae} made of?", "Which material is the {e} made of?"], weight: 10),
        new("job-tool", "tools",
            """
            painter:brush, farmer:tractor, cook:pan, writer:pen, teacher:chalk|pen, carpenter:saw, fisherman:net, barber:razor,
            tailor:needle, drummer:drum, photographer:camera
            """,
            ["{Ae} works with {av}.", "The tool of {ae} is the {v}.", "Give {av} to {ae} and the work can start."],
            ["What is the tool of {ae}?", "What does {ae} work with?"],
            ["Who works with {av}?"], weight: 7),
        new("wear", "tools",
            "feet:shoes, hands:gloves, head:hat, neck:scarf, eyes:glasses, finger:ring, body:shirt, legs:trousers, waist:belt",
            ["You wear {v} on your {e}.", "For your {e} there are {v}."],
            ["What do you wear on your {e}?"],
            ["On which part of the body do you wear {v}?"],
            goals: ["To keep {n}'s {e} covered, {n} should", "{n} needs something for the {e}. What should {n} do?", "How can {n} dress the {e}?"],
            solutions: ["put on the {v}.", "wear the {v}.", "go and get the {v}."], weight: 6),

        new("what-happens", "physics",
            """
            ice in the sun:it melts|it shines|it gets wet, a glass on a hard floor:it breaks|it falls|it rolls,
            a stone in the water:it sinks|it gets wet|it falls, wood in the water:it floats|it gets wet, paper in the fire:it burns,
            water in the freezer:it freezes|it gets cold, a ball on the ground:it bounces|it rolls|it moves,
            a seed in wet soil:it grows|it gets wet, a balloon and a pin:it pops|it breaks,
            sugar in hot tea:it dissolves|it melts|it sinks|it gets wet, a wet shirt in the wind:it dries|it moves,
            snow in the warm room:it melts|it gets wet, iron in the rain:it rusts|it gets wet,
            a wheel on a hill:it rolls|it moves|it falls, a nail in the water:it sinks|it rusts|it gets wet,
            a kite in the wind:it flies|it moves|it pulls|it falls, a boat in the water:it floats|it gets wet|it moves,
            an apple that nobody holds:it falls|it rolls|it grows, a lamp at night:it shines, a magnet near iron:it pulls|it moves
            """,
            ["Think of {e}: {v}.", "{E}: {v}.", "If you see {e}, you see that {v}.", "This always happens with {e}: {v}."],
            ["What happens to {e}?", "What do you see with {e}?"], weight: 14),
        new("effect", "physics",
            """
            melt the ice:hold it over a fire|put it in the sun|put it in hot water|pour water on it|add some salt,
            freeze the water:leave it in the snow|put it in the freezer,
            dry the wet shirt:hang it in the wind|put it in the sun|hold it over a fire, burn the paper:hold it over a fire,
            make the milk cold:put it in the fridge|leave it in the snow|hang it in the wind,
            help the plant grow:give it some water|put it in the sun|pour water on it, break the glass:drop it on the stones,
            clean the plate:wash it with soap|put it in hot water|pour water on it,
            boil the egg:put it in hot water|hold it over a fire, sweeten the tea:add some sugar,
            stop the fire:pour water on it|cover it with sand, make the boat go:pull it with a rope,
            soften the butter:put it in the sun|put it in hot water|hold it over a fire, fix the torn page:use some glue,
            make the soup salty:add some salt, blow up the balloon:fill it with air
            """,
            ["If you want to {e}, {v}.", "To {e}, {v}.", "How do you {e}? Just {v}.", "People who want to {e} do this: {v}."],
            ["What should you do to {e}?", "How do you {e}?"],
            goals: ["To {e}, {n} should", "{n} wants to {e}. What should {n} do?", "How can {n} {e}?", "{n} tries to {e}. What helps?"],
            solutions: ["{v}."], weight: 16),
        new("feels", "physics",
            """
            ice:cold, fire:hot, a stone:hard, a pillow:soft, a feather:light|soft, iron:heavy|hard|cold, snow:cold|soft|white,
            a knife:sharp|hard, glass:smooth|hard|cold, sand:rough, wool:soft|light, water:wet, honey:sticky|sweet, soup:hot|wet,
            a brick:hard|heavy|rough
            """,
            ["{E} is {v} when you touch it.", "{E} feels {v}.", "If you touch {e}, you feel something {v}."],
            ["How does {e} feel?", "What do you feel when you touch {e}?"], weight: 9),
        new("season", "physics",
            """
            snow falls:winter, flowers open:spring|summer, it is hot:summer, leaves fall:autumn, lakes freeze:winter,
            birds build nests:spring|summer, people swim:summer, apples are ripe:autumn, days are short:winter, days are long:summer
            """,
            ["In {v} {e}.", "When {e}, it is {v}.", "The time when {e} is {v}."],
            ["When is the time when {e}?", "What time of the year is it when {e}?"], alsoWrong: "midnight, Monday", weight: 8),
        new("sky", "physics",
            """
            the stars shine:night|evening, the sun comes up:morning, the sun goes down:evening, the sun is highest:noon|afternoon,
            the owl hunts:night|evening, people wake up:morning, lunch is on the table:noon|afternoon
            """,
            ["It is {v} when {e}.", "When {e}, it is {v}."],
            ["What part of the day is it when {e}?", "When is it that {e}?"], alsoWrong: "afternoon, breakfast", weight: 5),

        new("plus", "arithmetic", Sums(), ["{E} is {v}.", "{E} makes {v}.", "We count {e} and get {v}."], ["What is {e}?", "How much is {e}?"], weight: 16),
        new("minus", "arithmetic", Differences(), ["{E} is {v}.", "{E} leaves {v}.", "We count {e} and get {v}."], ["What is {e}?", "How much is {e}?"], weight: 12),
        new("after", "arithmetic", Steps(1), ["After {e} comes {v}.", "The number after {e} is {v}.", "Count on from {e} and you say {v}."],
            ["Which number comes after {e}?", "What is the next number after {e}?"], weight: 8),
        new("before", "arithmetic", Steps(-1), ["Before {e} comes {v}.", "The number before {e} is {v}.", "Count back from {e} and you say {v}."],
            ["Which number comes before {e}?", "What is the last number before {e}?"], weight: 8),

        new("opposite", "words",
            """
            hot:cold, big:small|short, up:down, day:night|dark, open:closed, happy:sad, fast:slow|late, old:young, wet:dry, light:dark,
            full:empty, hard:soft, long:short, rich:poor, early:late, loud:quiet, near:far, first:last
            """,
            ["The opposite of {e} is {v}.", "{E} is the opposite of {v}.", "What is not {e} may be {v}."],
            ["What is the opposite of {e}?"], weight: 8),
        new("week", "words",
            "Monday:Tuesday, Tuesday:Wednesday, Wednesday:Thursday, Thursday:Friday, Friday:Saturday, Saturday:Sunday, Sunday:Monday",
            ["After {e} comes {v}.", "The day after {e} is {v}."],
            ["Which day comes after {e}?"], ["Which day comes before {v}?"], weight: 4),
    ];

    private static string Sums() => string.Join(",",
        from a in Enumerable.Range(0, 11) from b in Enumerable.Range(0, 11) where a + b <= 10 orderby a + b, a select $"{Numbers[a]} plus {Numbers[b]}:{Numbers[a + b]}");

    private static string Differences() => string.Join(",",
        from a in Enumerable.Range(0, 11) from b in Enumerable.Range(0, 11) where b <= a orderby a, b select $"{Numbers[a]} minus {Numbers[b]}:{Numbers[a - b]}");

    private static string Steps(int step) => string.Join(",",
        from a in Enumerable.Range(0, 11) where a + step is >= 0 and <= 10 select $"{Numbers[a]}:{Numbers[a + step]}");
}
