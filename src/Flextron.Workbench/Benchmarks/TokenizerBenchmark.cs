using System.Text;
using System.Text.Json.Nodes;
using Flextron.Data;
using Flextron.Data.TinyWorld;
using Flextron.Tokenization;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How fast each kind of tokenizer encodes on one thread.</summary>
internal sealed class TokenizerBenchmark : IBenchmark
{
    private const int TextCharacters = 2_000_000, VocabularySize = 8000;
    private const double PromisedMegabytes = 5;

    private const string Gpt4Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public string Group => "tokenizer";

    public string Name => "encode";

    public string Question =>
        "Encoding 2 MB of the tiny world's text on one thread with vocabularies of up to 8000 trained on it: byte-level BPE with GPT-2's and with GPT-4's word pattern, Llama's BPE over the whole text with byte fallback, " +
        "unigram with words and over the whole text. What a tokenizer remembers of words stays from round to round, as in use. Promised: 5 MB/s for each kind.";

    public void Measure(BenchmarkSession session)
    {
        long characters = 0;
        string[] documents = [.. WorldCorpus.Documents(7, WorldSplit.Train).TakeWhile(d => (characters += d.Length) <= TextCharacters)];
        double bytes = documents.Sum(d => (double)Encoding.UTF8.GetByteCount(d));
        string folder = Path.Combine(Path.GetTempPath(), $"flextron-benchmark-{Guid.NewGuid():N}");
        try
        {
            IReadOnlyList<(string Name, Tokenizer Tokenizer)> tokenizers = Tokenizers(documents, folder);
            CaseTimings times = session.Time([.. tokenizers.Select(t => new BenchmarkCase(t.Name, () =>
            {
                foreach (string document in documents) t.Tokenizer.Encode(document);
            }))]);
            foreach ((string name, _) in tokenizers) session.Report(name, "MB/s", times.Rate(name, bytes, 1e6), BenchmarkBound.AtLeast(PromisedMegabytes));
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static List<(string Name, Tokenizer Tokenizer)> Tokenizers(string[] documents, string folder)
    {
        Tokenizer trained = BpeTrainer.Train(documents.Take(2000), new BpeTrainerSettings { VocabularySize = VocabularySize });
        HuggingFaceTokenizerWriter.Save(trained, folder);
        JsonObject gpt2 = Read(folder), gpt4 = (JsonObject)gpt2.DeepClone();
        gpt4["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}""");
        gpt4["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"] = new JsonObject { ["Regex"] = Gpt4Pattern };

        // The same pieces in the other kinds' spelling: a space is ▁, what follows no piece are bytes.
        string[] bytes = [.. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>")];
        string[] pieces = [.. Enumerable.Range(0, trained.VocabularySize).Select(id => trained.Decode([id]).Replace(' ', '▁')).Where(t => t.Length > 0 && !t.Contains('\uFFFD', StringComparison.Ordinal)).Distinct()];
        var vocabulary = new JsonObject();
        foreach (string token in (IEnumerable<string>)["<unk>", "<s>", "</s>", .. bytes, .. pieces]) vocabulary.TryAdd(token, vocabulary.Count);
        var merges = new JsonArray();
        foreach (string piece in pieces)
            for (int cut = 1; cut < piece.Length; cut++)
                if (vocabulary.ContainsKey(piece[..cut]) && vocabulary.ContainsKey(piece[cut..])) merges.Add(new JsonArray(piece[..cut], piece[cut..]));
        var normalizer = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""");
        JsonObject llama = Tokenizer(new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges, ["byte_fallback"] = true, ["unk_token"] = "<unk>", ["fuse_unk"] = true }, normalizer, null);

        var scored = new JsonArray(vocabulary.Select(p => (JsonNode)new JsonArray(p.Key, -Math.Log(2 + (int)p.Value!))).ToArray());
        JsonObject Unigram(JsonNode? before, JsonNode? cutter) =>
            Tokenizer(new JsonObject { ["type"] = "Unigram", ["vocab"] = scored.DeepClone(), ["unk_id"] = 0, ["byte_fallback"] = true }, before, cutter);
        // Apart from the settings of the trained one, which name its special tokens.
        string apart = Directory.CreateDirectory(Path.Combine(folder, "apart")).FullName;
        return
        [
            ("byte-level BPE, GPT-2 words", Load(gpt2, folder)),
            ("byte-level BPE, GPT-4 words", Load(gpt4, folder)),
            ("Llama BPE, whole text", Load(llama, apart)),
            ("unigram, words", Load(Unigram(null, JsonNode.Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""")), apart)),
            ("unigram, whole text", Load(Unigram(normalizer!.DeepClone(), null), apart)),
        ];
    }

    private static JsonObject Tokenizer(JsonObject model, JsonNode? normalizer, JsonNode? preTokenizer) => new()
    {
        ["added_tokens"] = new JsonArray(), ["normalizer"] = normalizer, ["pre_tokenizer"] = preTokenizer, ["post_processor"] = null, ["decoder"] = JsonNode.Parse("""{"type":"Fuse"}"""), ["model"] = model,
    };

    private static JsonObject Read(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!.AsObject();

    private static Tokenizer Load(JsonObject json, string folder)
    {
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json.ToJsonString());
        return TokenizerLoader.Load(Path.Combine(folder, "tokenizer.json"));
    }
}
