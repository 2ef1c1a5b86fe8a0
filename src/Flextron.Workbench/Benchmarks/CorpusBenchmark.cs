using Flextron.Data;
using Flextron.Data.TinyWorld;
using Flextron.Tokenization;
using TorchSharp;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How fast text becomes tokens, and tokens become batches.</summary>
internal sealed class CorpusBenchmark : IBenchmark
{
    private const int TextCharacters = 4_000_000, ShardDocuments = 512, DocumentTokens = 1 << 20, Batch = 8, Window = 256;

    public string Group => "data";

    public string Name => "corpus";

    public string Question =>
        "Tokenising 4 MB of the tiny world's text with the base model's tokenizer, on one thread and on all; checking a mapped corpus of 1 GiB of ids against its checksums; " +
        "drawing shuffled batches of 8 × 256 from it and from one in memory; managed memory held by the mapped corpus and its sampler.";

    public void Measure(BenchmarkSession session)
    {
        Tokenise(session);
        string folder = Path.Combine(Path.GetTempPath(), $"flextron-benchmark-{Guid.NewGuid():N}");
        try
        {
            Draw(session, folder);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static void Tokenise(BenchmarkSession session)
    {
        Tokenizer tokenizer = TokenizerLoader.Load(EmbeddedData.BaseModel);
        long characters = 0;
        string[] documents = [.. WorldCorpus.Documents(7, WorldSplit.Train).TakeWhile(d => (characters += d.Length) <= TextCharacters)];
        double bytes = documents.Sum(d => (double)System.Text.Encoding.UTF8.GetByteCount(d));
        const string One = "one thread", All = "all threads";
        CaseTimings times = session.Time(
            new BenchmarkCase(One, () =>
            {
                foreach (string document in documents) tokenizer.Encode(document);
            }),
            new BenchmarkCase(All, () => TokenCorpus.Of(documents, tokenizer).Dispose()));
        session.Report("tokenising, one thread", "MB/s", times.Rate(One, bytes, 1e6));
        session.Report("tokenising, all threads", "MB/s", times.Rate(All, bytes, 1e6));
        session.Ratio("all threads / one thread", times.Ratio(One, All));
    }

    private static void Draw(BenchmarkSession session, string folder)
    {
        var tokenizer = new CharacterTokenizer();
        var source = new DocumentSource("random ids", "random ids", "1", Documents());
        using TokenCorpus memory = TokenCorpus.OfIds(tokenizer.Encode(Documents().First()));
        using TokenCorpus built = ShardedCorpus.Prepare(folder, source, tokenizer, new string('0', 64));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using TokenCorpus mapped = ShardedCorpus.Open(folder, tokenizer.VocabularySize);
        WindowSampler fromMapped = new(mapped, Window, seed: 1), fromMemory = new(memory, Window, seed: 1);
        session.Report("managed memory of the mapped corpus and its sampler", "kB", [(GC.GetTotalMemory(forceFullCollection: true) - before) / 1e3]);
        (long mappedStep, long memoryStep) = (0, 0);
        const string Mapped = "mapped", Memory = "memory", Verify = "verify";
        CaseTimings times = session.Time(
            new BenchmarkCase(Mapped, () => Take(fromMapped, mappedStep++)),
            new BenchmarkCase(Memory, () => Take(fromMemory, memoryStep++)),
            new BenchmarkCase(Verify, () => ShardedCorpus.Open(folder, tokenizer.VocabularySize).Dispose()));
        session.Report("shuffled windows of 256 from 1 GiB of mapped ids", "windows/s", times.Rate(Mapped, Batch, 1));
        session.Report("shuffled windows of 256 from 4 MiB in memory", "windows/s", times.Rate(Memory, Batch, 1));
        session.Report("opening and verifying", "GB/s", times.Rate(Verify, 2.0 * mapped.Length));
    }

    private static void Take(WindowSampler sampler, long step)
    {
        using var scope = torch.NewDisposeScope();
        sampler.Batch(step, Batch);
    }

    private static IEnumerable<string> Documents()
    {
        Random random = new(1);
        char[] text = new char[DocumentTokens];
        for (int i = 0; i < ShardDocuments; i++)
        {
            for (int c = 0; c < text.Length; c++) text[c] = (char)random.Next(1, ushort.MaxValue);
            yield return new string(text);
        }
    }

    /// <summary>A character is its own id: what is measured here are the ids' ways, not how they came about.</summary>
    private sealed class CharacterTokenizer : Tokenizer
    {
        public override int VocabularySize => ushort.MaxValue + 1;

        public override int? BosId => null;

        public override int? EosId => null;

        public override bool AddsBos => false;

        public override int[] Encode(string text, bool addSpecialTokens = true)
        {
            int[] ids = new int[text.Length];
            for (int i = 0; i < ids.Length; i++) ids[i] = text[i];
            return ids;
        }

        public override string Decode(IEnumerable<int> ids) => string.Concat(ids.Select(id => (char)id));

        public override string TokenText(int id) => ((char)id).ToString();
    }
}
