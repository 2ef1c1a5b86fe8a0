using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.Temporary();

    private string FilePath => _folder["metrics.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void RowsAreOnDiskBeforeTheLogIsClosed()
    {
        using var log = new MetricsLog(FilePath);
        log.Write(new { step = 1, loss = 0.1, name = "a\nb" });
        log.Write(new Dictionary<string, double> { ["loss"] = double.NaN });
        IReadOnlyList<MetricRow> rows = MetricsLog.Read(FilePath);
        Assert.Equal((1, 0.1, "a\nb"), (rows[0].Number("step"), rows[0].Number("loss"), rows[0].Text("name")));
        Assert.Equal(double.NaN, rows[1].Number("loss"));
        Assert.Null(rows[1].Number("step"));
        Assert.Equal(2, File.ReadAllLines(FilePath).Length);
    }

    [Fact]
    public void ATornLastLineIsNotReadAndThenReplaced()
    {
        File.WriteAllText(FilePath, "{\"step\":1}\n{\"step\":2}\n{\"ste");
        Assert.Equal([1, 2], MetricsLog.Read(FilePath).Select(r => r.Number("step")!.Value));
        using (var log = new MetricsLog(FilePath)) log.Write(new { step = 3 });
        Assert.Equal("{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public void ATornLineInTheMiddleIsNamed()
    {
        File.WriteAllText(FilePath, "{\"step\":1}\n{\"ste\n{\"step\":3}\n");
        Assert.Contains("Line 2", Assert.Throws<FlextronException>(() => MetricsLog.Read(FilePath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ThreadsDoNotMixRows()
    {
        using (var log = new MetricsLog(FilePath)) Parallel.For(0, 400, i => log.Write(new { i, text = new string('x', i) }));
        Assert.Equal(Enumerable.Range(0, 400).Select(i => (double)i), MetricsLog.Read(FilePath).Select(r => r.Number("i")!.Value).Order());
    }

    [Fact]
    public void ARowIsAnObject()
    {
        using var log = new MetricsLog(FilePath);
        Assert.Throws<ArgumentException>(() => log.Write(3));
        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public void TablesQuoteAndKeepNumbersExact() => Assert.Equal(
        "name,value\n\"a,\"\"b\"\"\",0.1\n,True\n",
        CsvTable.Format(["name", "value"], [["a,\"b\"", 0.1], [null, true]]));
}
