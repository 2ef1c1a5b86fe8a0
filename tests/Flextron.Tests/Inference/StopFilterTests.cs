using Flextron.Inference;

namespace Flextron.Tests.Inference;

public sealed class StopFilterTests
{
    [Theory]
    [InlineData("one two END three", "END", "one two ")]
    [InlineData("aab aaab", "aaab", "aab ")]
    [InlineData("no end EN", "END", "no end EN")]
    [InlineData("END", "END", "")]
    public void TheTextEndsBeforeTheStringHoweverItIsCut(string text, string stop, string expected)
    {
        for (int size = 1; size <= text.Length; size++)
        {
            var filter = new StopFilter([stop, "unused"]);
            string result = string.Concat(text.Chunk(size).Select(c => filter.Add(new string(c)))) + filter.Flush();
            Assert.Equal(expected, result);
            Assert.Equal(text != expected, filter.Found);
        }
    }

    [Fact]
    public void OnlyWhatMayBeginAStringIsHeldBack()
    {
        var filter = new StopFilter(["END"]);
        Assert.Equal(["a", "", "b", "", "Ex"], (string[])[filter.Add("a"), filter.Add("E"), filter.Add("b")[1..], filter.Add("E"), filter.Add("x")]);
    }

    [Fact]
    public void TheEarliestStringCounts()
    {
        var filter = new StopFilter(["b", "ab"]);
        Assert.Equal("x", filter.Add("xab"));
    }
}
