using Flextron.Tests.Cli;
using Flextron.Tests.Workbench.Experiments;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;
using Flextron.Workbench.Reports;

namespace Flextron.Tests.Workbench.RunReports;

public sealed class RunReportTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AFreshClonesReportIsMadeOfItsMarkdown()
    {
        SmallComparison.Write(folder);
        string run = ExperimentKinds.Run(ExperimentFolder.Open(folder.Path), [], [], new RunOptions { Name = "first" });
        string markdown = File.ReadAllText(Path.Combine(run, "report.md")), page = Path.Combine(run, "report.html");
        // What version control keeps.
        File.Delete(page);
        foreach (string file in Directory.GetFiles(Path.Combine(run, "figures")).Where(f => Path.GetExtension(f) is not (".svg" or ".csv"))) File.Delete(file);
        Assert.Equal(page, CliRun.JsonOf("report", run).GetProperty("report").GetString());
        string html = File.ReadAllText(page);
        Assert.Equal(markdown, File.ReadAllText(Path.Combine(run, "report.md")));
        Assert.Equal(Directory.GetFiles(Path.Combine(run, "figures"), "*.svg").Length, html.Split("src=\"data:image/svg+xml;base64,").Length - 1);
        Assert.Equal(markdown.Split('\n').Count(l => l.StartsWith("| ---", StringComparison.Ordinal)), html.Split("<table>").Length - 1);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("src=\"figures", html, StringComparison.Ordinal);
    }

    [Fact]
    public void AnInterruptedRunSaysHowFarItCame()
    {
        File.WriteAllText(folder["experiment.json"], "{}");
        using (var stop = new CancellationTokenSource())
        using (ExperimentRun run = ExperimentFolder.Open(folder.Path).StartRun(new Dictionary<string, int>(), new RunOptions { Name = "half", Cancellation = stop.Token }))
        {
            run.Stage("train", null, [], s =>
            {
                for (int step = 1; step <= 3; step++) s.Metrics.Write(new { step, loss = 3.0 / step });
            });
            run.Summarize("loss.after", SummaryValue.OfMean(1.25, 0.5, 9));
            stop.Cancel();
        }
        string page = CliRun.JsonOf("report", Path.Combine(folder["runs"], "half")).GetProperty("report").GetString()!;
        string html = File.ReadAllText(page);
        Assert.Contains("The run is interrupted.", html, StringComparison.Ordinal);
        Assert.Contains("loss.after", html, StringComparison.Ordinal);
        Assert.Contains("Training loss, stage train", html, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder["runs"], "half", "figures", "metrics-train.csv")));
    }

    [Theory]
    [InlineData("<script>alert(1)</script>", "<script")]
    [InlineData("a <img src=x onerror=alert(1)> b", "<img src=x")]
    [InlineData("[click](javascript:alert(1))", "javascript:")]
    [InlineData("<javascript:alert(1)>", "href=\"javascript:")]
    [InlineData("![out](../secret.svg)", "data:")]
    [InlineData("![far](https://example.org/x.svg)", "example.org")]
    public void PagesOfForeignMarkdownRunNothingAndFetchNothing(string markdown, string unwanted)
    {
        File.WriteAllText(folder["secret.svg"], "<svg/>");
        Directory.CreateDirectory(folder["run"]);
        Assert.DoesNotContain(unwanted, MarkdownPage.Render($"# Title\n\n{markdown}\n", folder["run"]), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void PicturesAreInside()
    {
        File.WriteAllText(folder["a.svg"], "<svg/>");
        Assert.Contains($"src=\"data:image/svg+xml;base64,{Convert.ToBase64String("<svg/>"u8)}\"", MarkdownPage.Render("# Title\n\n![a](a.svg)\n", folder.Path), StringComparison.Ordinal);
        Assert.Contains("<title>Title</title>", MarkdownPage.Render("# Title\n", folder.Path), StringComparison.Ordinal);
    }
}
