using Flextron.Data.Records;
using Parquet.Serialization;

namespace Flextron.Tests.Data.Records;

public sealed class RecordReaderTests
{
    // Written by another implementation (Rust's arrow and parquet crates through npm's parquet-wasm 0.8.0): a struct of lists, a list, nulls, UTF-8.
    [Theory]
    [InlineData("arrow-rs-snappy.parquet")]
    [InlineData("arrow-rs-zstd.parquet")]
    public void ParquetOfAnotherImplementationIsRead(string name)
    {
        using TemporaryFolder folder = TestData.Temporary();
        using (Stream resource = typeof(RecordReaderTests).Assembly.GetManifestResourceStream(name)!)
        using (FileStream file = File.Create(folder[name])) resource.CopyTo(file);

        DataRecord[] rows = [.. RecordReader.Read(folder[name])];
        Assert.Equal([1, 2, 3], rows.Select(r => r.Number));
        Assert.Equal(["Which gas do plants take in?", "Größe – which is larger?\nPick one.", "Last"], rows.Select(r => r.Text("question")));
        Assert.Equal(["carbon dioxide", "oxygen", "neon", "helium"], rows[0].Texts("choices", "text"));
        Assert.Equal(["1", "2", "3"], rows[1].Texts("choices", "label"));
        Assert.Equal(["yes", "no", "perhaps", "never", "always"], rows[2].Texts("choices", "text"));
        Assert.Equal(["A", "2", "E"], rows.Select(r => r.Scalar("answerKey")));
        Assert.Equal(["2", "0", "3"], rows.Select(r => r.Scalar("answer")));
        Assert.Equal(["w", "x", "y", "z"], rows[1].Texts("opts"));
        Assert.Equal([true, true, false], rows.Select(r => r.Has("id")));
        Assert.Contains("line 3: there is no field 'id'", Assert.Throws<FlextronException>(() => rows[2].Text("id")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RowGroupsAreReadOneAfterTheOther()
    {
        using TemporaryFolder folder = TestData.Temporary();
        await ParquetSerializer.SerializeAsync(
            Enumerable.Range(0, 25).Select(i => new Row { Question = $"q{i}", Choices = [.. Enumerable.Range(0, 1 + i % 4).Select(c => $"{i}.{c}")], Answer = i }),
            folder["a.parquet"], new Parquet.ParquetOptions { RowGroupSize = 10 }, cancellationToken: TestContext.Current.CancellationToken);
        DataRecord[] rows = [.. RecordReader.Read(folder["a.parquet"])];
        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"{i + 1} q{i} {i} {string.Join(',', Enumerable.Range(0, 1 + i % 4).Select(c => $"{i}.{c}"))}"),
            rows.Select(r => $"{r.Number} {r.Text("Question")} {r.Scalar("Answer")} {string.Join(',', r.Texts("Choices"))}"));

        byte[] bytes = await File.ReadAllBytesAsync(folder["a.parquet"], TestContext.Current.CancellationToken);
        for (int i = 0; i < bytes.Length; i += 7)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= 0xff;
            File.WriteAllBytes(folder["b.parquet"], damaged);
            try
            {
                _ = RecordReader.Read(folder["b.parquet"]).ToArray();
            }
            catch (FlextronException)
            {
                // Refused with a sentence, or read: nothing else may come out.
            }
        }
        File.WriteAllBytes(folder["b.parquet"], bytes[..100]);
        Assert.Contains("not a readable parquet file", Assert.Throws<FlextronException>(() => RecordReader.Read(folder["b.parquet"]).ToArray()).Message, StringComparison.Ordinal);
        Assert.Contains("There is no file", Assert.Throws<FlextronException>(() => RecordReader.Read(folder["c.parquet"]).ToArray()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CsvRowsAreNamedByTheFirst()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["a.csv"], "goal, sol1 ,sol2\n\"one, two\",b,c\n\nd,e\n");
        using IEnumerator<DataRecord> rows = RecordReader.Read(folder["a.csv"]).GetEnumerator();
        Assert.True(rows.MoveNext());
        Assert.Equal(("one, two", "b", "c"), (rows.Current.Text("goal"), rows.Current.Text("sol1"), rows.Current.Text("sol2")));
        Assert.Contains("line 4: a row has 2 fields and the first row names 3", Assert.Throws<FlextronException>(() => rows.MoveNext()).Message, StringComparison.Ordinal);
    }

    private sealed class Row
    {
        public string Question { get; set; } = "";

        public List<string> Choices { get; set; } = [];

        public long Answer { get; set; }
    }
}
