using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Running;

namespace Flextron.Tests.Notebooks;

public sealed class NotebookFiguresTests
{
    [Fact]
    public async Task Every_figure_is_saved_as_picture_and_numbers_and_nothing_else()
    {
        const string figure = "using Flextron.Workbench.Figures; Figure F(string t) => new(t, new Axis(\"Step\"), new Axis(\"Loss\", \"nats\"), [new LineSeries(\"a\", [1, 2], [3.5, 4])]);";
        NotebookDocument run = (await NotebookRunner.RunAsync(
            NotebookDocument.Parse(NotebookText.Of(figure, "# text", "display(F(\"Loss & ../gain\")); F(\"Loss &amp; gain\")", "display(HTML(\"<svg/>\"));\nF(\"Μέτρο\")",
                "using Flextron.Models; display(new SubNetwork([new BlockShape(2, 8), new BlockShape(1, 4)]));\nnew ColouredText([\"a\", \",b\"], [double.NaN, 0.25], \"nats\")")),
            Path.GetTempPath())).Document;
        using var folder = new TemporaryFolder();
        string[] names = ["02-loss-gain", "02-loss-amp-gain", "03-figure", "04-2x8-1x4", "04-text-coloured-by-nats"];
        Assert.Equal(names, NotebookFigures.Save(run, folder.Path));
        Assert.Equal(names.SelectMany(n => new[] { n + ".csv", n + ".svg" }).Order(StringComparer.Ordinal), Directory.EnumerateFiles(folder.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.Equal("series,Step,Loss (nats)\na,1,3.5\na,2,4\n", File.ReadAllText(folder["02-loss-gain.csv"]));
        Assert.StartsWith("<svg ", File.ReadAllText(folder["03-figure.svg"]));
        Assert.Equal("block,groups,neurons\n0,2,8\n1,1,4\n", File.ReadAllText(folder["04-2x8-1x4.csv"]));
        Assert.Equal("token,nats\na,\n\",b\",0.25\n", File.ReadAllText(folder["04-text-coloured-by-nats.csv"]));
    }

    [Fact]
    public async Task Figures_of_one_title_in_one_cell_are_counted()
    {
        NotebookDocument run = (await NotebookRunner.RunAsync(
            NotebookDocument.Parse(NotebookText.Of("using Flextron.Workbench.Figures; var t = new ColouredText([\"a\"], [1], \"x\"); display(t); display(t); t")), Path.GetTempPath())).Document;
        using var folder = new TemporaryFolder();
        Assert.Equal(["01-text-coloured-by-x", "01-text-coloured-by-x-2", "01-text-coloured-by-x-3"], NotebookFigures.Save(run, folder.Path));
    }
}
