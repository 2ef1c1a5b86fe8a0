using System.Text.RegularExpressions;
using Deedle;
using Flextron.Tests.Workbench.Figures;
using Flextron.Workbench.Reports;

namespace Flextron.Tests.Workbench.Reports;

public class ReportTests
{
    private static readonly ReportColumn[] Columns =
    [
        new("Method"), new("Latency", "0.0") { Heading = "Latency (ms)", Best = BestValue.Smallest }, new("Loss", "0.000") { Best = BestValue.Smallest }, new("Parameters", "N0"),
    ];

    private static ReportTable Sample() => new(Columns,
    [
        ["Flextron", new PlusMinus(12.34, 0.25), 1.6124, 3_200_000],
        ["a|b <i>*c*</i>", 14.0, double.NaN, null],
        ["Scratch", -1.5, 1.7, 10L],
    ], "At half the latency");

    [Fact]
    public void MarkdownTableIsExact() => Assert.Equal(
        """
        | Method | Latency (ms) | Loss | Parameters |
        | --- | ---: | ---: | ---: |
        | Flextron | 12.3 ± 0.3 | **1.612** | 3,200,000 |
        | a\|b &lt;i>\*c\*&lt;/i> | 14.0 | – | – |
        | Scratch | **−1.5** | 1.700 | 10 |

        """, MarkdownReport.Table(Sample()));

    [Fact]
    public void TableComesFromAFrameWithItsErrors()
    {
        var builder = new FrameBuilder.Columns<int, string>();
        builder.Add("loss", new Series<int, double>([0, 1], [1.5, 1.25]));
        builder.Add("se", new Series<int, double>([0], [0.125]));
        builder.Add("name", new Series<int, string>([0, 1], ["a", "b"]));
        Frame<int, string> frame = builder.Frame;
        ReportTable table = ReportTable.FromFrame(frame, [new("name"), new("loss", "0.00") { Error = "se" }]);
        Assert.Equal(["a", "1.50 ± 0.13"], table.Rows[0]);
        Assert.Equal(["b", "1.25"], table.Rows[1]);
        Assert.Equal(["1.5", "0.125", "a"], ReportTable.FromFrame(frame).Rows[0]);
        Assert.Equal(["1.25", "–", "b"], ReportTable.FromFrame(frame).Rows[1]);
        Assert.Contains("\"missing\"", Assert.Throws<FlextronException>(() => ReportTable.FromFrame(frame, [new("missing")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUncertaintyHasNoSignWhateverTheValuesFormat() =>
        Assert.Equal(["+0.024 ± 0.031", "−0.500 ± 0.010"], new ReportTable([new("d", "+0.000;-0.000")], [[new PlusMinus(0.024, 0.031)], [new PlusMinus(-0.5, 0.01)]]).Rows.Select(r => r[0]));

    [Fact]
    public void ARowOfTheWrongLengthIsRefused() =>
        Assert.Contains("Row 2", Assert.Throws<FlextronException>(() => new ReportTable([new("a")], [[1], [1, 2]])).Message, StringComparison.Ordinal);

    [Fact]
    public void PageIsSelfContained()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string html = File.ReadAllText(Build().Write(folder.Path));
        Assert.Equal(1, Count(html, "* plotly.js v2"));
        string outside = Regex.Replace(html, "<script>.*?</script>", "", RegexOptions.Singleline);
        Assert.Equal(2, Count(html, "<script>"));
        // Nothing is fetched: no scripts, styles, images or fonts by address; the only links are for the reader to follow.
        Assert.DoesNotMatch(@"\ssrc\s*=|<link|@import|url\(\s*[""']?(?!#)|<(?:iframe|img|object|embed)", outside);
        Assert.All(Regex.Matches(outside, @"<(\w+)[^>]*\shref=""(?:https?:)?//"), m => Assert.Equal("a", m.Groups[1].Value));
        Assert.Equal(2, Count(outside, "<svg "));
        Assert.Equal(2, Count(outside, "<script type=\"application/json\">"));
    }

    [Fact]
    public void ContentsLinkToTheHeadings()
    {
        string html = HtmlReport.Render(Build());
        string[] targets = [.. Regex.Matches(html, "<li><a href=\"#([^\"]+)\"").Select(m => m.Groups[1].Value)];
        Assert.Equal(["results", "loss-accuracy", "results-2"], targets);
        Assert.All(targets, t => Assert.Equal(1, Count(html, $" id=\"{t}\">")));
    }

    [Fact]
    public void AReportWithoutFiguresCarriesNoScript() =>
        Assert.DoesNotContain("<script", HtmlReport.Render(new ReportDocument("t").Text("words")), StringComparison.Ordinal);

    [Fact]
    public void EverythingFromOutsideIsEscaped()
    {
        const string Evil = "<script>alert(1)</script>";
        string html = HtmlReport.Render(new ReportDocument(Evil) { Subtitle = Evil }.Heading(Evil).Text(Evil + "\n\n- " + Evil + "\n\n`" + Evil + "`").Details(Evil, Evil)
            .Table(new ReportTable([new(Evil)], [[Evil]], Evil)));
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Equal(12, Count(html, "&lt;script&gt;"));
    }

    [Theory]
    [InlineData("a **b c** d", "a <strong>b c</strong> d")]
    [InlineData("`x < y`", "<code>x &lt; y</code>")]
    [InlineData("`**not bold**`", "<code>**not bold**</code>")]
    [InlineData("*em* 2*3*4", "<em>em</em> 2*3*4")]
    [InlineData("[**t**](https://arxiv.org/abs/2406.10260)", "<a href=\"https://arxiv.org/abs/2406.10260\"><strong>t</strong></a>")]
    [InlineData("[t](figures/loss.csv)", "<a href=\"figures/loss.csv\">t</a>")]
    [InlineData("[t](javascript:alert)", "[t](javascript:alert)")]
    [InlineData("[t](data:text/html,x)", "[t](data:text/html,x)")]
    [InlineData("a & b", "a &amp; b")]
    public void InlineMarksBecomeHtml(string markdown, string html) => Assert.Equal(html, MarkdownText.InlineHtml(markdown));

    [Fact]
    public void MarkdownIsExact()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Build().Write(folder.Path);
        Assert.Equal(
            """
            # Elastic \*models\*

            stories6m, `seed 1`

            ## Results

            The **full** model &lt;here>.

            - one
            - two & [three](https://example.org)

            1. first

            **At half the latency**

            | Method | Latency (ms) | Loss | Parameters |
            | --- | ---: | ---: | ---: |
            | Flextron | 12.3 ± 0.3 | **1.612** | 3,200,000 |
            | a\|b &lt;i>\*c\*&lt;/i> | 14.0 | – | – |
            | Scratch | **−1.5** | 1.700 | 10 |

            ### Loss & accuracy

            ![Validation loss of sub-networks against latency](figures/loss.svg)

            **Figure 1.** Each point is one sub-network chosen for a latency target; the full model stands for comparison. ([numbers](figures/loss.csv), [interactive](figures/loss.html))

            ![Accuracy by task and method](figures/bars.svg)

            **Figure 2.** Accuracy by task and method ([numbers](figures/bars.csv), [interactive](figures/bars.html))

            ## Results

            <details><summary>Raw settings</summary>

            ```
            {
              "seed": 1,
              "note": "a<b>"
            }
            ```

            </details>

            """.Replace(" & ", " &amp; ", StringComparison.Ordinal), File.ReadAllText(folder["report.md"]));
        Assert.True(File.Exists(folder["figures/loss.svg"]) && File.Exists(folder["figures/bars.csv"]));
    }

    [Fact]
    public void TwoFiguresCannotShareAName() =>
        Assert.Contains("\"loss\"", Assert.Throws<FlextronException>(() => new ReportDocument("t").Figure(SampleFigures.Bars(), "loss").Figure(SampleFigures.Steps(), "loss")).Message, StringComparison.Ordinal);

    private static ReportDocument Build() => new ReportDocument("Elastic *models*") { Subtitle = "stories6m, `seed 1`" }
        .Heading("Results").Text("The **full** model\n<here>.\n\n- one\n- two & [three](https://example.org)\n\n1. first").Table(Sample())
        .Heading("Loss & accuracy", 2).Figure(SampleFigures.LossVersusLatency(), "loss").Figure(SampleFigures.Bars(), "bars")
        .Heading("Results").Settings("Raw settings", new { Seed = 1, Note = "a<b>" });

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
