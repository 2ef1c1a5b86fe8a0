using System.Text.Json;
using Flextron.Workbench.Figures;

namespace Flextron.Tests.Workbench.Figures;

public class FigureFilesTests
{
    [Fact]
    public void FilesHoldPictureNumbersAndChartWithOneSharedScript()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Figure figure = SampleFigures.LossVersusLatency();
        FigurePaths paths = FigureFiles.Write(figure, folder.Path, "loss");
        FigureFiles.Write(SampleFigures.Bars(), folder.Path, "bars");
        Assert.Equal(["bars.csv", "bars.html", "bars.svg", "loss.csv", "loss.html", "loss.svg", "plotly.min.js", "plotly.min.js.LICENSE.txt"],
            Directory.GetFiles(folder.Path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Equal(figure.ToCsv(), File.ReadAllText(paths.Csv));
        Assert.Equal(SvgRenderer.Render(figure), File.ReadAllText(paths.Svg));
        string page = File.ReadAllText(paths.Html);
        Assert.Contains("<script src=\"plotly.min.js\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(page.Length, 1000, 20_000);
        Assert.StartsWith("/**\n* plotly.js v2", File.ReadAllText(folder["plotly.min.js"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../up")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("a\\b")]
    public void NamesThatAreNotPlainAreRefused(string name)
    {
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Contains("plain file name", Assert.Throws<FlextronException>(() => FigureFiles.Write(SampleFigures.Bars(), folder.Path, name)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void ChartHoldsTheDataTheAxesAndTheIntervals()
    {
        Figure figure = SampleFigures.AccuracyVersusLatency();
        LineSeries line = (LineSeries)figure.Series[2];
        JsonElement chart = JsonDocument.Parse(PlotlyRenderer.ToJson(figure)).RootElement;
        JsonElement trace = chart.GetProperty("data")[2];
        Assert.Equal(line.Name, trace.GetProperty("name").GetString());
        Assert.Equal(line.X, Numbers(trace.GetProperty("x")));
        Assert.Equal(line.Y, Numbers(trace.GetProperty("y")));
        // Plotly takes distances, the figure ends.
        Assert.All(Numbers(trace.GetProperty("error_y").GetProperty("array")), d => Assert.Equal(0.021, d, 1e-12));
        JsonElement layout = chart.GetProperty("layout");
        Assert.Equal("log", layout.GetProperty("xaxis").GetProperty("type").GetString());
        Assert.Equal("Latency (ms)", layout.GetProperty("xaxis").GetProperty("title").GetProperty("text").GetString());
        Assert.Equal(0.25, layout.GetProperty("shapes")[0].GetProperty("y0").GetDouble());
        Assert.Equal("chance, 0.25", layout.GetProperty("annotations")[0].GetProperty("text").GetString());
    }

    [Fact]
    public void MissingValuesAreNullAndMarkupIsText()
    {
        Figure figure = new("<b>t</b>", new Axis("x"), new Axis("y"), [new ScatterSeries("<a href='x'>s</a></script>", [1, 2], [3, double.NaN])]);
        string json = PlotlyRenderer.ToJson(figure);
        Assert.DoesNotContain('<', json);
        JsonElement trace = JsonDocument.Parse(json).RootElement.GetProperty("data")[0];
        Assert.Equal(JsonValueKind.Null, trace.GetProperty("y")[1].ValueKind);
        Assert.Equal("&lt;a href='x'&gt;s&lt;/a&gt;&lt;/script&gt;", trace.GetProperty("name").GetString());
    }

    [Fact]
    public void HeatMapRowsRunFromTheTop()
    {
        JsonElement chart = JsonDocument.Parse(PlotlyRenderer.ToJson(SampleFigures.Widths())).RootElement;
        Assert.Equal("reversed", chart.GetProperty("layout").GetProperty("yaxis").GetProperty("autorange").GetString());
        HeatMapSeries map = (HeatMapSeries)SampleFigures.Widths().Series[0];
        Assert.Equal(map.Values[5], Numbers(chart.GetProperty("data")[0].GetProperty("z")[5]));
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}
