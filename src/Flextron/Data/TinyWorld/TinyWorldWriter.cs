using System.Text;
using Flextron.Storage;

namespace Flextron.Data.TinyWorld;

/// <summary>Writes the evaluation sets and the held-out and calibration texts as files; training text is drawn afresh from <see cref="WorldCorpus"/>.</summary>
public static class TinyWorldWriter
{
    /// <summary>See <see cref="TinyWorldManifest.GeneratorVersion"/>.</summary>
    public const int GeneratorVersion = 2;

    /// <summary>Size at which the held-out and the calibration text end, in bytes.</summary>
    public const int TextBytes = 200_000;

    /// <summary>
    /// Writes <c>tinyworld-lambada/lambada_test.jsonl</c>, <c>tinyworld-piqa/valid.jsonl</c> and <c>valid-labels.lst</c>,
    /// <c>tinyworld-mmlu/test/{subject}_test.csv</c> and <c>dev/{subject}_dev.csv</c>, <c>heldout.txt</c>, <c>calibration.txt</c> and, last,
    /// <c>manifest.json</c>. Equal seeds give equal bytes; less than 1 MB in all.
    /// </summary>
    /// <param name="folder">Created if needed; files of the same names are replaced, each at once.</param>
    /// <param name="seed">Any value.</param>
    /// <exception cref="FlextronException">A file cannot be written.</exception>
    public static TinyWorldManifest Write(string folder, ulong seed)
    {
        var sets = new EvaluationSets(seed);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Put("tinyworld-lambada/lambada_test.jsonl", Lines(sets.Lambada.Select(t => Json(new { text = t }))), sets.Lambada.Count);
        Put("tinyworld-piqa/valid.jsonl", Lines(sets.Piqa.Select(p => Json(p.Label == 0
            ? new { goal = p.Item.Goal, sol1 = p.Item.Right, sol2 = p.Item.Wrong }
            : new { goal = p.Item.Goal, sol1 = p.Item.Wrong, sol2 = p.Item.Right }))), sets.Piqa.Count);
        Put("tinyworld-piqa/valid-labels.lst", Lines(sets.Piqa.Select(p => p.Label == 0 ? "0" : "1")), sets.Piqa.Count);
        foreach (string subject in World.EvaluatedSubjects)
        {
            Put($"tinyworld-mmlu/dev/{subject}_dev.csv", Csv(sets.MmluDev[subject]), sets.MmluDev[subject].Count);
            Put($"tinyworld-mmlu/test/{subject}_test.csv", Csv(sets.MmluTest[subject]), sets.MmluTest[subject].Count);
        }
        (string text, int documents) = Text(seed, WorldSplit.HeldOut);
        Put("heldout.txt", text, documents);
        (text, documents) = Text(seed, WorldSplit.Calibration);
        Put("calibration.txt", text, documents);
        var manifest = new TinyWorldManifest { GeneratorVersion = GeneratorVersion, Seed = seed, Facts = World.FactCount, Counts = counts, Sha256 = hashes };
        FlextronJson.WriteFile(Path.Combine(folder, "manifest.json"), manifest);
        return manifest;

        void Put(string name, string content, int count)
        {
            AtomicFile.WriteAllText(Path.Combine(folder, name), content);
            counts[name] = count;
            hashes[name] = ContentHash.OfText(content);
        }
    }

    private static (string Text, int Documents) Text(ulong seed, WorldSplit split)
    {
        var text = new StringBuilder(TextBytes + 4000);
        int documents = 0;
        foreach (string document in WorldCorpus.Documents(seed, split))
        {
            if (documents++ > 0) text.Append(WorldCorpus.Separator).Append('\n');
            text.Append(document).Append('\n');
            if (text.Length >= TextBytes) break;
        }
        return (text.ToString(), documents);
    }

    private static string Json<T>(T value) => System.Text.Json.JsonSerializer.Serialize(value, FlextronJson.Compact);

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(l => l + "\n"));

    private static string Csv(IEnumerable<Question> questions) => "question,choice0,choice1,choice2,choice3,answer\n" +
        Lines(questions.Select(q => string.Join(',', q.Choices.Prepend(q.Text).Select(Field)) + "," + (char)('0' + q.Answer)));

    private static string Field(string text) => text.AsSpan().ContainsAny(",\"\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
