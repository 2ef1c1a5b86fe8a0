using System.Diagnostics;
using Flextron.Data.TinyWorld;

namespace Flextron.Tests.Data.TinyWorld;

/// <summary>Prints what the world looks like, for readers, and measures how it is mixed.</summary>
public class TinyWorldSampleTests(ITestOutputHelper output)
{
    [Fact]
    public void The_stream_asks_often_in_few_words_and_is_fast()
    {
        int total = 0, questions = 0, documents = 0;
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        foreach (string d in WorldCorpus.Documents(1, WorldSplit.Train).Take(20_000)) total += d.Length;
        double rate = total / clock.Elapsed.TotalSeconds / 1e6;
        foreach (string d in WorldCorpus.Documents(1, WorldSplit.Train).Take(20_000))
        {
            if (documents++ < 60) output.WriteLine(d + "\n--------");
            if (d.Contains("Answer:", StringComparison.Ordinal)) questions += d.Length;
            foreach (string word in d.Split([' ', '\n', '.', ',', '?', ':', '"', '(', ')', '\''], StringSplitOptions.RemoveEmptyEntries))
                words[word.ToLowerInvariant()] = words.GetValueOrDefault(word.ToLowerInvariant()) + 1;
        }
        output.WriteLine($"{rate:F1} MB/s, {documents} documents of {total / documents} characters, {100.0 * questions / total:F1} % with answers, {words.Count} words, {World.FactCount} facts");
        Assert.InRange(100.0 * questions / total, 30, 60);
        Assert.InRange(words.Count, 400, 900);
        // The goal is 20 MB/s on an idle core; the bound here leaves room for a busy machine.
        Assert.True(rate > 2, $"only {rate:F1} MB/s");
    }

    [Fact]
    public void Samples_of_each_evaluation_set()
    {
        var sets = new EvaluationSets(1);
        foreach (string s in sets.Lambada.Take(12)) output.WriteLine(s);
        foreach ((HowTo item, int label) in sets.Piqa.Take(20)) output.WriteLine($"{item.Prompt} {item.Right} | {item.Wrong} [{label}]");
        foreach (string subject in World.EvaluatedSubjects)
            foreach (Question q in sets.MmluTest[subject].Take(6)) output.WriteLine($"{q.Text} {string.Join(" / ", q.Choices)} = {"ABCD"[q.Answer]}");
        Assert.Equal(EvaluationSets.LambadaCount, sets.Lambada.Count);
    }
}
