using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Running;

namespace Flextron.Tests.Notebooks;

public sealed class OutputComparisonTests
{
    [Theory]
    [InlineData("loss 2.500", "loss 2.501", 0.01, true)]
    [InlineData("loss 2.500", "loss 2.601", 0.01, false)]
    [InlineData("loss 2.500", "gain 2.500", 0.01, false)]
    [InlineData("0.01", "0.02", 0.01, true)]
    [InlineData("0.01", "0.03", 0.01, false)]
    [InlineData("12 ms and 3.4 s", "8,000 ms and 1 min 02 s", 0.01, true)]
    [InlineData("loss 0.960, 830 tokens/s", "loss 0.960, 4,630 tokens/s", 0.01, true)]
    [InlineData("830 tokens read", "4,630 tokens read", 0.01, false)]
    [InlineData("n = 10", "n = 11", 0.01, false)]
    [InlineData("a   9.96\n", "a  10.01", 0.01, true)]
    [InlineData("| --- | 1 |", "| ------ | 1 |", 0, true)]
    [InlineData("1,234,567", "1,234,890", 0.01, true)]
    [InlineData("-1.5e-3", "1.5e-3", 0.01, false)]
    [InlineData("block2 x", "block3 x", 0.5, false)]
    [InlineData("1 2", "1 2 3", 1, false)]
    public void Numbers_agree_within_tolerance_and_words_exactly(string a, string b, double tolerance, bool agree)
    {
        Assert.Equal(agree, OutputComparison.Agree(a, b, tolerance));
        Assert.Equal(agree, OutputComparison.Agree(b, a, tolerance));
    }

    [Fact]
    public async Task A_run_is_compared_with_the_file()
    {
        string[] cells = ["@parameters:double x = 2.0;", "x * 2", "Console.WriteLine($\"took {x * 7} ms\");", "@volatile:x", "Console.WriteLine($\"a\\nb {x}\"); x"];
        NotebookDocument committed = (await NotebookRunner.RunAsync(NotebookDocument.Parse(NotebookText.Of(cells)), Path.GetTempPath())).Document;
        Assert.Empty(OutputComparison.Compare(committed, (await NotebookRunner.RunAsync(committed, Path.GetTempPath())).Document));
        NotebookDocument other = (await NotebookRunner.RunAsync(committed, Path.GetTempPath(), new Dictionary<string, string> { ["x"] = "3" })).Document;
        Assert.Equal(["cell 2, text, line 1: \"4\" is committed, \"6\" now", "cell 5, console (stdout), line 2: \"b 2\" is committed, \"b 3\" now"],
            OutputComparison.Compare(committed, other).Select(d => d.ToString()));
    }

    [Fact]
    public async Task Figures_are_compared_by_their_numbers_and_volatile_cells_by_the_kinds_of_their_outputs()
    {
        const string Figure = "new Figure(\"t\", new Axis(\"x\"), new Axis(\"y\"), [new LineSeries(\"a\", [1, 2], [3, y])])";
        NotebookDocument notebook = NotebookDocument.Parse(NotebookText.Of(
            "@parameters:double y = 4; bool draw = true;", "using Flextron.Workbench.Figures;\n" + Figure, "@volatile:" + Figure, "@volatile:if (draw) Console.WriteLine(y); else display(y);"));
        async Task<NotebookDocument> Run(string y, string draw) =>
            (await NotebookRunner.RunAsync(notebook, Path.GetTempPath(), new Dictionary<string, string> { ["y"] = y, ["draw"] = draw })).Document;
        NotebookDocument committed = await Run("4", "true");
        Assert.Empty(OutputComparison.Compare(committed, await Run("4.04", "true")));
        Assert.Equal(["cell 2, numbers of the figure, line 3: \"a, 2, 4\" is committed, \"a, 2, 5\" now"], OutputComparison.Compare(committed, await Run("5", "true")).Select(d => d.ToString()));
        Assert.Equal(["cell 4, kinds of outputs: \"console (stdout)\" is committed, \"text/plain\" now"], OutputComparison.Compare(committed, await Run("4", "false")).Select(d => d.ToString()));
    }
}
