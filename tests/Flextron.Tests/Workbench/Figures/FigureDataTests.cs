using Deedle;
using Flextron.Workbench.Figures;

namespace Flextron.Tests.Workbench.Figures;

public class FigureDataTests
{
    [Fact]
    public void CsvHoldsExactlyTheData()
    {
        Figure figure = new("t", new Axis("Latency", "ms"), new Axis("Loss"),
        [
            new LineSeries("a, \"b\"", [0.1, 2], [1.0 / 3, double.NaN]) { Lower = [0.25, double.NaN], Upper = [0.5, 1] },
            new ScatterSeries("c", [7], [-1e-9]) { PointNames = ["p"] },
        ]);
        Assert.Equal(
            """"
            series,Latency (ms),Loss,lower,upper,point
            "a, ""b""",0.1,0.3333333333333333,0.25,0.5,
            "a, ""b""",2,,,1,
            c,7,-1E-09,,,p

            """", figure.ToCsv());
    }

    [Fact]
    public void CsvHoldsIntervalsOfPointsInBothDirections()
    {
        Figure figure = new("t", new Axis("x"), new Axis("y"), [new ScatterSeries("s", [1], [2]) { Left = [0.5], Right = [1.5], Lower = [-1], Upper = [double.NaN] }]);
        Assert.Equal("series,x,y,left,right,lower,upper\ns,1,2,0.5,1.5,-1,\n", figure.ToCsv());
        FlextronException half = Assert.Throws<FlextronException>(() => (figure with { Series = [new ScatterSeries("s", [1], [2]) { Left = [0.5] }] }).ToCsv());
        Assert.Contains("both a lower and an upper end", half.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HeatMapCsvNamesRowAndColumn()
    {
        Figure figure = new("t", new Axis("Target") { Categories = ["50 %", "100 %"] }, new Axis("Layer") { Categories = ["1"] }, [new HeatMapSeries("Width", [[0.5, 1]])]);
        Assert.Equal("Layer,Target,Width\n1,50 %,0.5\n1,100 %,1\n", figure.ToCsv());
    }

    [Fact]
    public void FrameHoldsTheSameNumbers()
    {
        Frame<int, string> frame = SampleFigures.LossVersusLatency().ToFrame();
        LineSeries second = (LineSeries)SampleFigures.LossVersusLatency().Series[1];
        Assert.Equal(["series", "Latency of one 256-token prefill (ms)", "Validation loss (nats per token)", "lower", "upper"], frame.ColumnKeys);
        Assert.Equal(32, frame.RowCount);
        Assert.Equal("Depth pruning", frame.GetColumn<string>("series")[8]);
        Assert.Equal(second.Y, frame.GetColumn<double>("Validation loss (nats per token)").Values.Skip(8).Take(8));
        Assert.Equal(second.Upper!, frame.GetColumn<double>("upper").Values.Skip(8).Take(8));
    }

    [Fact]
    public void LinesComeBackFromTheirFrame()
    {
        Figure figure = SampleFigures.LossVersusLatency();
        IReadOnlyList<LineSeries> lines = FigureFrames.Lines(figure.ToFrame(), figure.X.Title, figure.Y.Title, "series", "lower", "upper");
        Assert.Equal(figure.Series.Select(s => s.Name), lines.Select(s => s.Name));
        foreach ((LineSeries expected, LineSeries actual) in figure.Series.Cast<LineSeries>().Zip(lines))
        {
            Assert.Equal(expected.X, actual.X);
            Assert.Equal(expected.Y, actual.Y);
            Assert.Equal(expected.Lower!, actual.Lower!);
        }
    }

    [Fact]
    public void AxesOfTheSameNameKeepTwoColumns()
    {
        Figure figure = new("t", new Axis("Loss"), new Axis("Loss"), [new ScatterSeries("s", [1], [2])]);
        Assert.Equal("series,Loss [x],Loss [y]\ns,1,2\n", figure.ToCsv());
    }

    [Fact]
    public void SharesCountEveryValueOnce()
    {
        // Range 0 to 4 in 4 bins: edges 0 1 2 3 4; the upper end belongs to the last bin.
        HistogramSeries[] series = [.. HistogramSeries.Shares([("a", [0, 0.5, 1, 4]), ("b", [2.5, double.NaN])], bins: 4)];
        Assert.Equal([0, 1, 2, 3, 4], series[0].Edges);
        Assert.Equal([0.5, 0.25, 0, 0.25], series[0].Heights);
        Assert.Equal([0, 0, 1, 0], series[1].Heights);
    }

    [Fact]
    public void SmoothingIsACentredMean()
    {
        LineSeries line = new("a", [0, 1, 2, 3, 4], [1, 4, 1, double.NaN, 10]) { Smoothing = 3 };
        // Ends keep their value; gaps are left out of the mean.
        Assert.Equal([1, 2, 2.5, 5.5, 10], line.Smoothed());
    }

    [Fact]
    public void AgreementStatisticsMatchHandComputedOnes()
    {
        // Errors 1, 0, -1 about a mean of 20 with deviations -10, 0, 10: R² = 1 - 2/200. Relative errors 10 %, 0 %, 3.33 %.
        Figure figure = FigurePlots.PredictedVersusMeasured("t", "latency", "ms", [11, 20, 29], [10, 20, 30]);
        Assert.Equal(["n = 3", "R² = 0.990", "mean error 4.4%", "largest error 10.0%", "rank correlation 1.000"], figure.Statistics);
        Assert.Equal("Predicted latency (ms)", figure.Y.Title);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void AFigureThatCannotBeDrawnSaysWhy(Figure figure, string part)
    {
        string message = Assert.Throws<FlextronException>(() => SvgRenderer.Render(figure)).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Contains("\"t\"", message, StringComparison.Ordinal);
        Assert.Equal(message, Assert.Throws<FlextronException>(() => PlotlyRenderer.ToJson(figure)).Message);
    }

    public static TheoryData<Figure, string> Wrong()
    {
        Axis x = new("x"), y = new("y"), log = new("y") { Scale = AxisScale.Logarithmic }, names = new("x") { Categories = ["a", "b"] };
        return new()
        {
            { new("t", x, y, []), "no series" },
            { new("t", x, y, [new LineSeries("s", [1, 2], [1])]), "2 points but 1 values" },
            { new("t", x, y, [new LineSeries("s", [1], [1]) { Lower = [0] }]), "both a lower and an upper" },
            { new("t", x, y, [new LineSeries("s", [double.NaN], [double.NaN])]), "no finite value" },
            { new("t", x, log, [new LineSeries("s", [1, 2], [1, 0])]), "the value 0 cannot stand on the logarithmic axis" },
            { new("t", x, y, [new BarSeries("s", [1, 2])]), "categories on the x axis" },
            { new("t", names, y, [new BarSeries("s", [1, 2, 3])]), "2 points but 3 bars" },
            { new("t", names, y, [new LineSeries("s", [2], [1])]), "x must be 0 to 1" },
            { new("t", names, y, [new HeatMapSeries("s", [[1, 2]])]), "categories on both axes" },
            { new("t", x, y, [new HistogramSeries("s", [0, 2, 1], [1, 1])]), "ascend" },
            { new("t", x with { Minimum = 2, Maximum = 1 }, y, [new LineSeries("s", [1], [1])]), "must end above" },
            { new("t", x, log, [new LineSeries("s", [1], [1])]) { ReferenceLines = [new("r", -1)] }, "reference line \"r\"" },
        };
    }
}
