using Flextron.Data.Records;

namespace Flextron.Tests.Data.Records;

public class CsvReaderTests
{
    [Theory]
    [InlineData("a,b\nc,d\n", "1:a|b;2:c|d")]
    [InlineData("a,b\r\nc,d", "1:a|b;2:c|d")]
    [InlineData("\"a,1\",\"say \"\"hi\"\"\"\n", "1:a,1|say \"hi\"")]
    [InlineData("\"two\nlines\",b\nc,d\n", "1:two\nlines|b;3:c|d")]
    [InlineData("a,,\n", "1:a||")]
    [InlineData("a,", "1:a|")]
    [InlineData("\n\na\n", "3:a")]
    [InlineData("\"\"\n", "1:")]
    [InlineData("a \"b\" c,d", "1:a \"b\" c|d")]
    [InlineData("a\rb,c\n", "1:a\rb|c")]
    [InlineData("", "")]
    public void FollowsRfc4180(string text, string expected) =>
        Assert.Equal(expected, string.Join(';', CsvReader.Parse(text, "f.csv").Select(row => $"{row.Line}:{string.Join('|', row.Fields)}")));

    [Fact]
    public void OnlyUtf8IsRead()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllBytes(folder["f.csv"], [0xEF, 0xBB, 0xBF, .. "a,b\nZo\u00eb,c\n"u8]);
        Assert.Equal([(1, "a"), (2, "Zo\u00eb")], CsvReader.Read(folder["f.csv"]).Select(row => (row.Line, row.Fields[0])));
        File.WriteAllBytes(folder["f.csv"], [.. "a,b\ncaf"u8, 0xE9, .. ",c\n"u8]);
        Assert.Contains("f.csv, at or after line 2: the text is not UTF-8; convert the file or get it again.",
            Assert.Throws<FlextronException>(() => CsvReader.Read(folder["f.csv"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,b\n\"open,c\n", "f.csv, line 2: a quoted field does not end")]
    [InlineData("\"a\"b,c", "f.csv, line 1: text follows a closing quote")]
    public void BrokenQuotingIsNamed(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<FlextronException>(() => CsvReader.Parse(text, "f.csv")).Message, StringComparison.Ordinal);
}
