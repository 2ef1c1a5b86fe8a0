using System.Globalization;
using System.Xml.Linq;
using Flextron.Workbench.Figures;

namespace Flextron.Tests.Workbench.Figures;

public class SvgRendererTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public static TheoryData<string> Names => [.. SampleFigures.All().Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void EverySeriesAndAxisIsNamed(string name)
    {
        Figure figure = SampleFigures.All()[name];
        XElement svg = Render(figure);
        string[] texts = [.. svg.Descendants(Svg + "text").Select(t => t.Value)];
        Assert.Contains(figure.Title, texts);
        Assert.Contains(figure.X.Title, texts);
        Assert.Contains(figure.Y.Title, texts);
        Assert.Equal(figure.Series.Select(s => s.Name), svg.Descendants(Svg + "g").Attributes("data-series").Select(a => a.Value));
        if (figure.Series.Count > 1) Assert.All(figure.Series, s => Assert.Contains(s.Name, texts));
        Assert.All(figure.ReferenceLines, l => Assert.Contains(l.Label, texts));
        Assert.All(figure.Statistics, l => Assert.Contains(l, texts));
        Assert.All((figure.X.Categories ?? []).Concat(figure.Y.Categories ?? []), c => Assert.Contains(c, texts));
        Assert.Equal(figure.Title, svg.Element(Svg + "title")!.Value);
        Assert.Contains(figure.X.Title, svg.Element(Svg + "desc")!.Value, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NothingLiesOutsideThePicture(string name) => AssertInside(Render(SampleFigures.All()[name]));

    [Fact]
    public void LongTextsAreWrappedOrCutInsteadOfRunningOut()
    {
        string words = string.Join(' ', Enumerable.Repeat("considerable", 30)), word = new('W', 200);
        Figure bars = SampleFigures.Bars();
        XElement svg = Render(bars with
        {
            Title = words,
            Subtitle = word,
            X = new Axis(words) { Categories = [word, "a rather long category name", "another rather long category name", "short"] },
            Y = new Axis(words, "unit"),
            Series = [.. bars.Series.Cast<BarSeries>().Select(s => s with { Name = s.Name + word })],
            ReferenceLines = [new(words, 25)],
        });
        AssertInside(svg);
    }

    [Fact]
    public void LinearPointsStandWhereTheAxisSaysTheyAre()
    {
        LineSeries line = new("a", [0, 3, 7.5, 20], [1.5, -2, 4, 0.25]);
        AssertPositions(new Figure("t", new Axis("x"), new Axis("y"), [line]), line.X, line.Y, Math.Abs);
    }

    [Fact]
    public void LogarithmicPointsStandWhereTheAxisSaysTheyAre()
    {
        LineSeries line = new("a", [1, 30, 750, 20_000], [0.002, 5, 0.1, 44]);
        AxisScale log = AxisScale.Logarithmic;
        AssertPositions(new Figure("t", new Axis("x") { Scale = log }, new Axis("y") { Scale = log }, [line]), line.X, line.Y, Math.Log);
    }

    [Fact]
    public void BarsStandOnZeroAndReachTheirValue()
    {
        Figure figure = new("t", new Axis("x") { Categories = ["a", "b"] }, new Axis("y"), [new BarSeries("s", [40, -10])]);
        XElement svg = Render(figure);
        Func<double, double> y = Value(svg, "y-axis", "y", v => v);
        XElement[] bars = [.. svg.Descendants(Svg + "rect").Where(r => (string?)r.Attribute("class") == "bar")];
        Assert.Equal(40, y(Number(bars[0], "y")), 0.1);
        Assert.Equal(0, y(Number(bars[0], "y") + Number(bars[0], "height")), 0.1);
        Assert.Equal(0, y(Number(bars[1], "y")), 0.1);
        Assert.Equal(-10, y(Number(bars[1], "y") + Number(bars[1], "height")), 0.1);
    }

    [Fact]
    public void TextIsEscapedAndUnfitCharactersAreLeftOut()
    {
        const string Nasty = "a<b> & \"c\" 'd' \u0001\uD800</text><script>";
        XElement svg = Render(new Figure(Nasty, new Axis("x"), new Axis("y"), [new LineSeries(Nasty, [1, 2], [3, 4]), new LineSeries("b", [1, 2], [4, 5])]));
        Assert.Equal("a<b> & \"c\" 'd' </text><script>", svg.Element(Svg + "title")!.Value);
        Assert.Empty(svg.Descendants(Svg + "script"));
    }

    [Fact]
    public void NamedPointsAreLabelledWithoutCoveringEachOther()
    {
        Figure figure = SampleFigures.NamedPoints();
        IReadOnlyList<string> names = ((ScatterSeries)figure.Series[0]).PointNames!;
        XElement[] labels = [.. Render(figure).Descendants(Svg + "text").Where(t => names.Contains(t.Value))];
        Assert.Equal(names.Count, labels.Length);
        foreach (XElement a in labels)
            foreach (XElement b in labels.Where(l => l != a && Math.Abs(Number(l, "y") - Number(a, "y")) < 10))
                Assert.True(Number(a, "x") + 5 * a.Value.Length < Number(b, "x") || Number(b, "x") + 5 * b.Value.Length < Number(a, "x"), $"{a.Value} covers {b.Value}");
        Assert.Throws<FlextronException>(() => Render(figure with { Series = [new ScatterSeries("s", [1, 2], [1, 2]) { NamesShown = true }] }));
    }

    [Fact]
    public void IntervalsOfPointsEndWhereTheirNumbersSay()
    {
        XElement svg = Render(new Figure("t", new Axis("x"), new Axis("y"),
            [new ScatterSeries("s", [2, 8], [1, 3]) { Left = [1, double.NaN], Right = [4, double.NaN], Lower = [-1, 2.5], Upper = [2, 7] }]));
        (double X, double Y)[] points = [.. svg.Descendants(Svg + "circle").Where(c => (string?)c.Attribute("class") == "marker").Select(c => (Number(c, "cx"), Number(c, "cy")))];
        // Pixels of a unit, from the two points: x 2 → 8, y 1 → 3.
        double unitX = (points[1].X - points[0].X) / 6, unitY = (points[1].Y - points[0].Y) / 2;
        (double X, double Y)[][] intervals = [.. svg.Descendants(Svg + "path").Where(p => (string?)p.Attribute("class") == "interval").Select(p => SvgBounds.Points(p).ToArray())];
        (double X, double Y)[][] expected =
        [
            [(points[0].X, points[0].Y - 2 * unitY), (points[0].X, points[0].Y + unitY)],
            [(points[0].X - unitX, points[0].Y), (points[0].X + 2 * unitX, points[0].Y)],
            [(points[1].X, points[1].Y - 0.5 * unitY), (points[1].X, points[1].Y + 4 * unitY)],
        ];
        Assert.Equal(3, intervals.Length);
        foreach (((double X, double Y) a, (double X, double Y) b) in expected.SelectMany(e => e).Zip(intervals.SelectMany(i => i)))
        {
            Assert.Equal(a.X, b.X, 0.05);
            Assert.Equal(a.Y, b.Y, 0.05);
        }
    }

    [Fact]
    public void ErrorBarsOfOneCategoryStandSideBySide()
    {
        XElement svg = Render(SampleFigures.Differences());
        double[] first = [.. svg.Descendants(Svg + "g").Where(g => g.Attribute("data-series") is not null)
            .Select(g => SvgBounds.Points(g.Elements(Svg + "path").First(p => (string?)p.Attribute("class") == "interval")).Average(p => p.X))];
        Assert.Equal(4, first.Length);
        Assert.All(first.Zip(first.Skip(1)), p => Assert.True(p.Second - p.First > 4));
    }

    [Theory]
    [InlineData(2.0, true)]
    [InlineData(2.5, false)]
    public void ErrorBarsStandSideBySideOnlyWhereAllLinesSharePlaces(double middle, bool aside)
    {
        LineSeries Line(string name, double x) => new(name, [1, x, 3], [1, 2, 3]) { Lower = [0, 1, 2], Upper = [2, 3, 4], Intervals = IntervalMark.ErrorBars };
        XElement svg = Render(new Figure("t", new Axis("x"), new Axis("y"), [Line("a", 2), Line("b", middle)]));
        double[] first = [.. svg.Descendants(Svg + "g").Where(g => g.Attribute("data-series") is not null)
            .Select(g => SvgBounds.Points(g.Elements(Svg + "path").First(p => (string?)p.Attribute("class") == "interval")).Average(p => p.X))];
        Assert.InRange(first[1] - first[0], aside ? 4 : -0.01, aside ? 8 : 0.01);
    }

    [Fact]
    public void AMissingValueLeavesAGap()
    {
        XElement svg = Render(new Figure("t", new Axis("x"), new Axis("y"), [new LineSeries("a", [1, 2, 3, 4, 5], [1, 2, double.NaN, 3, 4])]));
        XElement series = svg.Descendants(Svg + "g").Single(g => (string?)g.Attribute("data-series") == "a");
        Assert.Equal(2, series.Elements(Svg + "path").Count());
        Assert.Equal(4, series.Elements(Svg + "circle").Count());
    }

    [Fact]
    public void ThinningKeepsTheExtremesOfALongLine()
    {
        double[] x = [.. Enumerable.Range(0, 50_000).Select(i => (double)i)], y = [.. x.Select(v => Math.Sin(v / 700))];
        y[23_456] = 9;
        XElement svg = Render(new Figure("t", new Axis("x"), new Axis("y"), [new LineSeries("a", x, y)]));
        XElement path = svg.Descendants(Svg + "g").Single(g => (string?)g.Attribute("data-series") == "a").Elements(Svg + "path").First();
        (double X, double Y)[] points = [.. SvgBounds.Points(path)];
        Assert.InRange(points.Length, 500, 4 * 700);
        (double X, double Y) peak = points.MinBy(p => p.Y);
        Assert.Equal(23_456, Value(svg, "x-axis", "x", v => v)(peak.X), 100.0);
        Assert.Equal(9, Value(svg, "y-axis", "y", v => v)(peak.Y), 0.05);
    }

    [Fact]
    public void TheSamePictureComesOutEveryTime() =>
        Assert.Equal(SvgRenderer.Render(SampleFigures.Bars()), SvgRenderer.Render(SampleFigures.Bars()));

    [Fact]
    public void TwoFiguresOfOnePageShareNoIdentifier()
    {
        string[] ids = [.. SampleFigures.All().Values.SelectMany(f => Render(f).DescendantsAndSelf().Attributes("id")).Select(a => a.Value)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    /// <summary>Checks the markers against a scale read off the drawn ticks and their labels, not off the renderer's own map.</summary>
    private static void AssertPositions(Figure figure, IReadOnlyList<double> x, IReadOnlyList<double> y, Func<double, double> scale)
    {
        bool log = scale(Math.E) == 1;
        XElement svg = Render(figure);
        Func<double, double> toX = Value(svg, "x-axis", "x", log ? Math.Log : v => v), toY = Value(svg, "y-axis", "y", log ? Math.Log : v => v);
        XElement[] markers = [.. svg.Descendants(Svg + "circle")];
        Assert.Equal(x.Count, markers.Length);
        for (int i = 0; i < x.Count; i++)
        {
            double px = toX(Number(markers[i], "cx")), py = toY(Number(markers[i], "cy"));
            Assert.Equal(log ? Math.Log(x[i]) : x[i], px, 0.02);
            Assert.Equal(log ? Math.Log(y[i]) : y[i], py, 0.02);
        }
    }

    /// <summary>From pixel to (scaled) value by the first and last labelled tick of an axis.</summary>
    private static Func<double, double> Value(XElement svg, string axis, string coordinate, Func<double, double> scale)
    {
        XElement group = svg.Descendants(Svg + "g").Single(g => (string?)g.Attribute("class") == axis);
        double[] marks = [.. group.Elements(Svg + "line").Where(l => Number(l, "stroke-width") == 1).Select(l => Number(l, coordinate + "1"))];
        double[] labels = [.. group.Elements(Svg + "text").Take(marks.Length).Select(t => scale(Parse(t.Value)))];
        double slope = (labels[^1] - labels[0]) / (marks[^1] - marks[0]);
        return pixel => labels[0] + (pixel - marks[0]) * slope;
    }

    private static double Parse(string label) => double.Parse(label.Replace("−", "-", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    private static void AssertInside(XElement svg)
    {
        double[] box = [.. ((string)svg.Attribute("viewBox")!).Split(' ').Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
        int shapes = 0;
        foreach ((string what, double x, double y) in SvgBounds.Corners(svg))
        {
            shapes++;
            Assert.True(x >= 0 && x <= box[2] && y >= 0 && y <= box[3], FormattableString.Invariant($"{what} reaches ({x}, {y}) outside {box[2]} × {box[3]}"));
        }
        Assert.True(shapes > 40);
    }

    private static double Number(XElement element, string attribute) => double.Parse((string)element.Attribute(attribute)!, CultureInfo.InvariantCulture);

    private static XElement Render(Figure figure) => XDocument.Parse(SvgRenderer.Render(figure)).Root!;
}
