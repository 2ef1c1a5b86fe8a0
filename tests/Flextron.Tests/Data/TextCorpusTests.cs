using System.IO.Compression;
using System.Text;
using Flextron.Data;
using Flextron.Data.Sources;
using Parquet;
using Parquet.Schema;

namespace Flextron.Tests.Data;

public sealed class TextCorpusTests
{
    [Fact]
    public void DocumentsAreCutAtSeparatorsOrParagraphs()
    {
        Assert.Equal(["one\ntwo", "three"], Of("one\ntwo\n<|endoftext|>\n\nthree\n<|endoftext|>\n"));
        string paragraph = new('x', 1500);
        Assert.Equal([$"{paragraph}\n\n{paragraph}", "end"], Of($"{paragraph}\n\n\n\n{paragraph}\n\nend"));
        Assert.Equal(["a\nb\n\nc"], Of("\r\na\r\nb\r\n\r\n\r\nc"));
    }

    // Against the whole text in memory, with pieces that fall on every side of the reader's buffers.
    [Fact]
    public void StreamingCutsAsTheWholeTextWouldBeCut()
    {
        Random random = new(3);
        string[] pieces = ["\n", "\n\n", " ", "<|endoftext|>", "<|endof", "text|>", "é", "word", new string('y', 3000), "😀", "\r\n"];
        for (int trial = 0; trial < 60; trial++)
        {
            string text = string.Concat(Enumerable.Range(0, 400).Select(_ => pieces[random.Next(pieces.Length)]));
            string[] separated = [.. text.Split("<|endoftext|>").Select(d => d.Trim())];
            Assert.Equal(separated, PlainText.Separated(new StringReader(text)));

            string plain = text.Replace("<|endoftext|>", "", StringComparison.Ordinal);
            Assert.Equal(Paragraphs(plain), PlainText.Paragraphs(new LineReader(new StringReader(plain), int.MaxValue)).Where(d => d.Trim().Length > 0));
        }
    }

    [Fact]
    public void ATextWithoutAnyBoundaryIsCutAtTheBound()
    {
        string text = string.Concat(Enumerable.Range(0, 1000).Select(i => $"word{i} "));
        string[] cut = [.. PlainText.Separated(new StringReader(text), longest: 100)];
        Assert.All(cut, piece => Assert.InRange(piece.Length, 0, 100 + TextCorpus.Separator.Length));
        Assert.Equal(text.Trim(), string.Join(' ', cut.Where(c => c.Length > 0)));

        var lines = new LineReader(new StringReader(string.Concat(Enumerable.Repeat("😀", 1000)) + "\nend"), 101);
        var read = new List<string>();
        while (lines.Read() is { } line) read.Add(line);
        Assert.All(read, piece => Assert.False(char.IsHighSurrogate(piece[^1])));
        Assert.Equal(2000, read.SkipLast(1).Sum(l => l.Length));
        Assert.Equal((2, "end"), (lines.Number - 1, read[^1]));
    }

    [Fact]
    public void LinesEndAsTextReadersHaveIt()
    {
        Random random = new(4);
        for (int trial = 0; trial < 300; trial++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => (string[])["\r", "\n", "\r\n", "a", "bc", new string('z', 16_383)]).Select(p => p[random.Next(p.Length)]));
            using var expected = new StringReader(text);
            var lines = new LineReader(new StringReader(text), int.MaxValue);
            string? line;
            do
            {
                line = expected.ReadLine();
                Assert.Equal(line, lines.Read());
            }
            while (line is not null);
        }
    }

    [Fact]
    public void AJsonLineWithoutTextIsNamedByItsNumber()
    {
        Assert.Equal(["fine"], Of("{\"text\":\"fine\"}\n\n", ".jsonl"));
        Assert.Equal(["no"], Of("{\"body\":\"no\",\"text\":\"fine\"}\n", ".jsonl", "body"));
        FlextronException e = Assert.Throws<FlextronException>(() => Of("{\"text\":\"fine\"}\n\n{\"txt\":\"no\"}\n", ".jsonl"));
        Assert.Contains("line 3 has no text in a field \"text\": name the field that holds it, such as txt.", e.Message, StringComparison.Ordinal);
        Assert.Contains("line 1 is not JSON", Assert.Throws<FlextronException>(() => Of("{\"text\":", ".jsonl")).Message, StringComparison.Ordinal);
        Assert.Contains("line 1 is not a JSON object", Assert.Throws<FlextronException>(() => Of("[1]", ".jsonl")).Message, StringComparison.Ordinal);
        Assert.Contains("line 1", Assert.Throws<FlextronException>(() => Of("{\"text\":\"\\ud800\"}", ".jsonl")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ParquetGivesAColumnRowGroupByRowGroup()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var text = new DataField<string>("text");
        var number = new DataField<int>("n");
        await using (FileStream stream = File.Create(folder["a.parquet"]))
        {
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(number, text), stream, cancellationToken: TestContext.Current.CancellationToken);
            foreach (string?[] texts in (string?[][])[["one", null, "two\nlines"], ["", "drei ü"]])
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                await group.WriteAsync<int>(number, new int[texts.Length].AsMemory(), cancellationToken: TestContext.Current.CancellationToken);
                await group.WriteAsync(text, texts!);
                group.CompleteValidate();
            }
        }
        Assert.Equal(["one", "two\nlines", "drei ü"], TextCorpus.Documents(folder["a.parquet"]));
        string message = Assert.Throws<FlextronException>(() => TextCorpus.Documents(folder["a.parquet"], "body").ToArray()).Message;
        Assert.Contains("no text column \"body\": its text columns are text.", message, StringComparison.Ordinal);

        byte[] bytes = await File.ReadAllBytesAsync(folder["a.parquet"], TestContext.Current.CancellationToken);
        for (int i = 0; i < bytes.Length; i += 3)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= 0xff;
            File.WriteAllBytes(folder["b.parquet"], damaged);
            try
            {
                _ = TextCorpus.Documents(folder["b.parquet"]).ToArray();
            }
            catch (FlextronException)
            {
                // Refused with a sentence, or read: nothing else may come out.
            }
        }
        File.WriteAllBytes(folder["b.parquet"], bytes[..^5]);
        Assert.Contains("not a readable parquet file", Assert.Throws<FlextronException>(() => TextCorpus.Documents(folder["b.parquet"]).ToArray()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FoldersPatternsAndPackedFilesAreReadInOrder()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Directory.CreateDirectory(folder["sub/deep"]);
        File.WriteAllText(folder["b.txt"], "from b");
        File.WriteAllText(folder["a.jsonl"], "{\"text\":\"from a\"}\n");
        File.WriteAllText(folder["sub/deep/c1.txt"], "from c1");
        File.WriteAllText(folder["sub/deep/c22.txt"], "from c22");
        File.WriteAllText(folder["notes.bin"], "not text");
        using (var packed = new GZipStream(File.Create(folder["sub/d.jsonl.gz"]), CompressionLevel.Fastest))
            packed.Write("{\"text\":\"from d\"}\n"u8);

        Assert.Equal(["from a", "from b", "from d", "from c1", "from c22"], TextCorpus.Documents(folder.Path).OrderBy(d => d.Length).ThenBy(d => d, StringComparer.Ordinal));
        Assert.Equal(["from b"], TextCorpus.Documents(folder["*.txt"]));
        Assert.Equal(["from b", "from c1", "from c22"], TextCorpus.Documents(folder["**/*.txt"]));
        Assert.Equal(["from c1"], TextCorpus.Documents(folder["sub/*/c?.txt"]));
        Assert.Equal(["from d"], TextCorpus.Documents(folder["sub/d.jsonl.gz"]));
        Assert.Contains("There is no corpus at", Assert.Throws<FlextronException>(() => TextCorpus.Open(folder["*.md"])).Message, StringComparison.Ordinal);
        Assert.Contains("There is no corpus at", Assert.Throws<FlextronException>(() => TextCorpus.Open(folder["none/*.md"])).Message, StringComparison.Ordinal);
        Assert.Contains("There is no corpus at", Assert.Throws<FlextronException>(() => TextCorpus.Open(folder["c.txt"])).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(folder["empty"]);
        Assert.Contains("has no .txt", Assert.Throws<FlextronException>(() => TextCorpus.Open(folder["empty"])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["bad.txt.gz"], "not packed");
        Assert.Contains("cannot be read", Assert.Throws<FlextronException>(() => TextCorpus.Documents(folder["bad.txt.gz"]).ToArray()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheStampFollowsTheFilesAndTheKeyDoesNot()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["a.txt"], "one");
        DocumentSource before = TextCorpus.Open(folder.Path);
        Assert.Equal(before.Stamp, TextCorpus.Open(folder.Path).Stamp);
        File.AppendAllText(folder["a.txt"], " two");
        DocumentSource after = TextCorpus.Open(folder.Path);
        Assert.NotEqual(before.Stamp, after.Stamp);
        Assert.Equal(before.Key, after.Key);
        var split = new CorpusSplit(0.1, 0.1, 1);
        string[] keys = [after.Key, .. Enum.GetValues<SplitPart>().Select(p => after.Part(split, p).Key), after.Part(split with { Seed = 2 }, SplitPart.Train).Key, TextCorpus.Open(folder.Path, "body").Key];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void AnEmptyFileIsRefused() => Assert.Contains("is empty", Assert.Throws<FlextronException>(() => Of("\n\n")).Message, StringComparison.Ordinal);

    [Fact]
    public void ASplitPartsByContentInTheAskedShares()
    {
        string[] documents = [.. Enumerable.Range(0, 2000).Select(i => $"document {i}")];
        var split = new CorpusSplit(0.1, 0.2, Seed: 1);
        string[] Part(SplitPart part) => [.. split.Select(documents.Concat(documents), part)];

        Assert.Equal(4000, Part(SplitPart.Train).Length + Part(SplitPart.Calibration).Length + Part(SplitPart.HeldOut).Length);
        Assert.Empty(Part(SplitPart.Train).Intersect(Part(SplitPart.HeldOut)));
        Assert.Empty(Part(SplitPart.Calibration).Intersect(Part(SplitPart.HeldOut)));
        Assert.InRange(Part(SplitPart.HeldOut).Length / 4000.0, 0.17, 0.23);
        Assert.InRange(Part(SplitPart.Calibration).Length / 4000.0, 0.08, 0.12);
        Assert.Contains("A corpus of 1 documents is too small", Assert.Throws<FlextronException>(() => split.Select(["one"], split.PartOf("one") == SplitPart.Train ? SplitPart.HeldOut : SplitPart.Train).ToArray()).Message, StringComparison.Ordinal);
    }

    private static string[] Of(string text, string extension = ".txt", string field = TextCorpus.DefaultField)
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["a" + extension], text, new UTF8Encoding(false));
        return [.. TextCorpus.Documents(folder["a" + extension], field)];
    }

    private static IEnumerable<string> Paragraphs(string text)
    {
        var document = new StringBuilder();
        foreach (string paragraph in text.Replace("\r\n", "\n", StringComparison.Ordinal).Split("\n\n").Select(p => p.Trim('\n')).Where(p => p.Length > 0))
        {
            document.Append(document.Length > 0 ? "\n\n" : "").Append(paragraph);
            if (document.Length < 2000) continue;
            if (document.ToString().Trim().Length > 0) yield return document.ToString();
            document.Clear();
        }
        if (document.ToString().Trim().Length > 0) yield return document.ToString();
    }
}
