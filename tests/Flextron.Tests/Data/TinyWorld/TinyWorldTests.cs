using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Flextron.Data.TinyWorld;
using Flextron.Storage;

namespace Flextron.Tests.Data.TinyWorld;

public class TinyWorldTests
{
    // Every kind of document, questions with choices above all, so that each check reads enough of all of them.
    private static readonly CorpusMix Asking = new() { Stories = 18, Facts = 12, HowTos = 9, PlainAnswers = 7, Letters = 12, TwoChoices = 6, FourChoices = 36 };
    private static readonly Lazy<ParsedCorpus> Train = new(() => new(WorldCorpus.Documents(7, WorldSplit.Train, Asking).Take(40_000)));
    private static readonly EvaluationSets Sets = new(1);

    [Fact]
    public void The_generator_gives_the_published_sequence()
    {
        var random = new SplitMix64(1234567);
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
            Enumerable.Range(0, 5).Select(_ => random.Next()).ToArray());
    }

    [Fact]
    public void Files_have_the_pinned_bytes_and_the_manifest_names_them()
    {
        using TemporaryFolder first = TestData.Temporary(), second = TestData.Temporary();
        TinyWorldManifest manifest = TinyWorldWriter.Write(first.Path, 1);
        TinyWorldWriter.Write(second.Path, 2);
        Assert.NotEqual(ContentHash.OfPath(first.Path), ContentHash.OfPath(second.Path));
        string[] files = Directory.GetFiles(first.Path, "*", SearchOption.AllDirectories);
        Assert.Equal(manifest.Sha256.Count + 1, files.Length);
        foreach ((string name, string hash) in manifest.Sha256)
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(first.Path, name)))), hash);
        Assert.InRange(files.Sum(f => new FileInfo(f).Length), 400_000, 1_000_000);
        // Changes only together with TinyWorldWriter.GeneratorVersion.
        Assert.Equal("8d73a5525414c49a4198604c07f53315dbb0385e238f618558c1242c1fb3c2a2", ContentHash.OfPath(first.Path));
    }

    [Fact]
    public void Written_sets_have_the_shapes_of_the_real_ones()
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyWorldManifest manifest = TinyWorldWriter.Write(folder.Path, 3);
        string[] goals = File.ReadAllLines(Path.Combine(folder.Path, "tinyworld-piqa", "valid.jsonl"));
        string[] labels = File.ReadAllLines(Path.Combine(folder.Path, "tinyworld-piqa", "valid-labels.lst"));
        Assert.Equal(goals.Length, labels.Length);
        foreach (string goal in goals)
            Assert.Equal(["goal", "sol1", "sol2"], JsonDocument.Parse(goal).RootElement.EnumerateObject().Select(p => p.Name).ToArray());
        Assert.All(File.ReadLines(Path.Combine(folder.Path, "tinyworld-lambada", "lambada_test.jsonl")),
            l => Assert.DoesNotMatch(@"[^a-zA-Z]$", JsonDocument.Parse(l).RootElement.GetProperty("text").GetString()));
        foreach (string subject in World.EvaluatedSubjects)
        {
            string[] rows = File.ReadAllLines(Path.Combine(folder.Path, "tinyworld-mmlu", "test", $"{subject}_test.csv"));
            Assert.Equal("question,choice0,choice1,choice2,choice3,answer", rows[0]);
            Assert.All(rows.Skip(1), r => Assert.Matches("^[^,]+\\?(,[^,]+){4},[0-3]$", r));
            Assert.Equal(EvaluationSets.MmluCount, rows.Length - 1);
            Assert.Equal(EvaluationSets.MmluDevCount, manifest.Counts[$"tinyworld-mmlu/dev/{subject}_dev.csv"]);
        }
    }

    [Fact]
    public void No_split_repeats_what_another_holds()
    {
        ParsedCorpus train = Train.Value, held = new(WorldCorpus.Documents(7, WorldSplit.HeldOut, Asking).Take(2_000)), calibration = new(WorldCorpus.Documents(7, WorldSplit.Calibration, Asking).Take(2_000));
        HashSet<string> questions = Keys(train), goals = Goals(train);
        foreach (ParsedCorpus other in new[] { held, calibration })
        {
            Assert.Empty(other.Lines.Where(l => l.Length > 60).Intersect(train.Lines));
            Assert.Empty(Keys(other).Intersect(questions));
            Assert.Empty(Goals(other).Intersect(goals));
        }
        Assert.Empty(Keys(held).Intersect(Keys(calibration)));
        Question[] mmlu = Sets.MmluTest.Values.Concat(Sets.MmluDev.Values).SelectMany(q => q).ToArray();
        string[] asked = mmlu.Select(q => ParsedCorpus.Key(q.Text, q.Choices)).ToArray();
        Assert.Equal(asked.Length, asked.Distinct().Count());
        Assert.Empty(asked.Intersect(questions.Concat(Keys(held)).Concat(Keys(calibration))));
        Assert.Empty(Sets.Piqa.Select(p => p.Item.Goal).Intersect(goals.Concat(Goals(held)).Concat(Goals(calibration))));
        Assert.Empty(Sets.Lambada.Select(l => l + ".").Intersect(train.Lines.Concat(held.Lines).Concat(calibration.Lines)));

        static HashSet<string> Keys(ParsedCorpus c) => c.Questions.Where(q => !q.Question.StartsWith("Which one is ", StringComparison.Ordinal))
            .Select(q => ParsedCorpus.Key(q.Question, q.Choices)).ToHashSet(StringComparer.Ordinal);
        static HashSet<string> Goals(ParsedCorpus c) => c.Plain.Where(p => p.Answer.EndsWith('.')).Select(p => p.Question).ToHashSet(StringComparer.Ordinal);
    }

    [Fact]
    public void The_same_question_has_the_same_answer_everywhere()
    {
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
        {
            ParsedCorpus corpus = split == WorldSplit.Train ? Train.Value : new(WorldCorpus.Documents(7, split, Asking).Take(3_000));
            foreach ((string question, string answer) in corpus.Questions.Select(q => (q.Question, q.Answer)).Concat(corpus.Plain.Where(p => !p.Answer.EndsWith('.'))))
                Assert.True(answers.TryAdd(question, answer) || answers[question] == answer, $"{question} {answer} / {answers[question]}");
        }
        Assert.InRange(answers.Count, 1000, 10_000);
        foreach (Question q in Sets.MmluTest.Values.SelectMany(q => q)) Assert.Equal(q.Choices[q.Answer], answers[q.Text]);
    }

    [Fact]
    public void No_wrong_way_is_ever_told_as_a_right_one()
    {
        var right = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach ((string goal, string way) in Train.Value.Plain.Where(p => p.Answer.EndsWith('.')))
            (right.TryGetValue(ParsedCorpus.Core(goal), out HashSet<string>? ways) ? ways : right[ParsedCorpus.Core(goal)] = []).Add(way);
        int known = 0;
        foreach ((HowTo item, _) in Sets.Piqa)
        {
            if (!right.TryGetValue(ParsedCorpus.Core(item.Goal), out HashSet<string>? ways)) continue;
            known++;
            Assert.DoesNotContain(item.Wrong, ways);
        }
        Assert.InRange(known, 380, 400);
    }

    [Fact]
    public void Tables_say_nothing_twice()
    {
        foreach (Relation r in World.Relations)
        {
            Assert.Equal(r.Facts.Count, r.Facts.Select(f => f.Entity).Distinct().Count());
            Assert.All(r.Facts, f => Assert.DoesNotContain(f.Value, f.AlsoTrue));
            Assert.All(r.Facts, f => Assert.DoesNotContain(f.Entity, r.Facts.Select(g => g.Value).Where(v => r.Subject != "arithmetic" && r.Subject != "words" && v == f.Entity && v != "orange")));
        }
        Assert.InRange(World.FactCount, 300, 700);
    }

    [Fact]
    public void Letters_and_positions_are_balanced()
    {
        Assert.Equal(EvaluationSets.PiqaCount / 2, Sets.Piqa.Count(p => p.Label == 0));
        foreach (IReadOnlyList<Question> questions in Sets.MmluTest.Values)
            for (int letter = 0; letter < 4; letter++) Assert.Equal(EvaluationSets.MmluCount / 4, questions.Count(q => q.Answer == letter));
        (string Question, string[] Choices, string Answer)[] four = Train.Value.Questions.Where(q => q.Choices.Length == 4).ToArray();
        Assert.True(four.Length > 20_000);
        for (int letter = 0; letter < 4; letter++) Assert.InRange(four.Count(q => q.Choices[letter] == q.Answer) / (double)four.Length, 0.24, 0.26);
    }

    [Fact]
    public void Length_does_not_tell_the_answer()
    {
        Question[] mmlu = Sets.MmluTest.Values.SelectMany(q => q).ToArray();
        Assert.InRange(mmlu.Average(q => Hit(q, longest: true)), 0.18, 0.32);
        Assert.InRange(mmlu.Average(q => Hit(q, longest: false)), 0.18, 0.32);
        Assert.InRange(Sets.Piqa.Average(p => Math.Sign(p.Item.Right.Length - p.Item.Wrong.Length) * 0.5 + 0.5), 0.42, 0.58);
        Assert.All(Sets.Piqa, p => Assert.InRange(Math.Abs(p.Item.Right.Length - p.Item.Wrong.Length), 0, HowTo.LengthTolerance));

        // The chance of being right when picking among the choices of extreme length.
        static double Hit(Question q, bool longest)
        {
            int extreme = longest ? q.Choices.Max(c => c.Length) : q.Choices.Min(c => c.Length);
            return q.Choices[q.Answer].Length == extreme ? 1.0 / q.Choices.Count(c => c.Length == extreme) : 0;
        }
    }

    [Fact]
    public void Knowing_only_how_often_words_are_right_is_far_from_knowing_the_answer()
    {
        // A reader who ignores the question: how often has each choice been right, among the times that it was shown?
        var shown = new Dictionary<string, (int Right, int All)>(StringComparer.Ordinal);
        foreach ((_, string[] choices, string answer) in Train.Value.Questions.Where(q => q.Choices.Length == 4))
        {
            foreach (string c in choices)
            {
                (int right, int all) = shown.GetValueOrDefault(c);
                shown[c] = (right + (c == answer ? 1 : 0), all + 1);
            }
        }
        double[] scores = World.EvaluatedSubjects.Select(s => Sets.MmluTest[s].Average(q => q.Choices.Select(Rate).ToArray() is var r && r[q.Answer] == r.Max() ? 1.0 : 0)).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine("prior alone: " + string.Join(", ", World.EvaluatedSubjects.Zip(scores)));
        Assert.InRange(scores.Average(), 0.2, 0.5);

        double Rate(string choice) => shown.GetValueOrDefault(choice) is { All: > 0 } n ? (double)n.Right / n.All : 0;
    }

    [Fact]
    public void The_last_word_is_in_the_passage_but_not_in_the_last_sentence()
    {
        var endings = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var stories = WorldCorpus.Documents(5, WorldSplit.Train, new CorpusMix { Facts = 0, HowTos = 0, PlainAnswers = 0, Letters = 0, TwoChoices = 0, FourChoices = 0 });
        foreach (string line in stories.Take(30_000).SelectMany(d => d.Split('\n')))
        {
            (string stem, string word) = Ending(line[..^1]);
            (endings.TryGetValue(stem, out HashSet<string>? words) ? words : endings[stem] = []).Add(word);
        }
        foreach (string passage in Sets.Lambada)
        {
            (string stem, string word) = Ending(passage);
            Assert.Matches($@"\b{word}\b", passage[..^(stem.Length + word.Length)]);
            Assert.DoesNotMatch($@"\b{word}\b", stem);
            Assert.True(endings[stem].Count >= 2, $"\"{stem}\" always ends in {word}");
        }

        static (string, string) Ending(string passage)
        {
            int sentence = Regex.Match(passage, "[.?!]\"? ", RegexOptions.RightToLeft).Index + 1, last = passage.LastIndexOf(' ');
            return (passage[sentence..last], passage[(last + 1)..]);
        }
    }

    [Fact]
    public void A_mix_without_weights_is_refused() =>
        Assert.Throws<FlextronException>(() => WorldCorpus.Documents(1, WorldSplit.Train, new CorpusMix { Stories = -1 }));
}
