using System.Xml.Linq;
using Flextron.Notebooks.Display;
using Flextron.Progress;
using Flextron.Tests.Workbench.Display;

namespace Flextron.Tests.Notebooks;

public sealed class LiveProgressTests : IDisposable
{
    private readonly RecordedOutput output = new();
    private readonly CancellationTokenSource interrupted = new();
    private readonly ManualClock clock = new();
    private readonly LiveProgress progress;

    public LiveProgressTests()
    {
        CellContext.Current = new CellContext(output, interrupted.Token);
        progress = new LiveProgress(clock: clock);
    }

    public void Dispose()
    {
        CellContext.Current = null;
        interrupted.Dispose();
    }

    [Fact]
    public void One_display_is_replaced_a_few_times_a_second_and_at_the_end()
    {
        for (int step = 1; step <= 100; step++)
        {
            progress.Report(new StageProgress("training", step, 100, $"loss {5 - step / 50.0:0.00}".Replace(',', '.')));
            clock.Advance(0.05);
        }
        Assert.Equal("training: 1/100, loss 4.98", Assert.Single(output.Displays).Bundle.Text);
        // 100 reports in 5 s: one display, then five replacements a second, and the end.
        Assert.Equal(25, output.Updates.Count);
        Assert.All(output.Updates, u => Assert.Equal(output.Displays[0].Id, u.Id));
        Assert.Equal("training: 100/100, loss 3.00", output.Updates[^1].Bundle.Text);
        string svg = output.Updates[^1].Bundle.Data[MimeTypes.Svg];
        Assert.Contains("done in 5.0 s", svg);
        Assert.Matches(@"49/100, 20\.0/s, 2\.[56] s left, loss 4\.02", output.Updates[11].Bundle.Data[MimeTypes.Svg]);
        // The course of the loss is drawn, from the highest at the left to the lowest at the right.
        string path = XDocument.Parse(svg).Descendants().Single(e => e.Name.LocalName == "path").Attribute("d")!.Value;
        Assert.StartsWith("M440,10L", path);
        Assert.EndsWith("626,48", path);
    }

    [Fact]
    public void A_single_display_shows_the_latest_of_all_stages()
    {
        var single = new LiveProgress(single: true, clock);
        single.Begin("a");
        single.Report(new StageProgress("a", 1, 2));
        single.Report(new StageProgress("a", 2, 2));
        single.End("a");
        single.Report(new StageProgress("b", 1, 1));
        Assert.Equal("a: 1/2", Assert.Single(output.Displays).Bundle.Text);
        Assert.Equal(["a: 2/2", "b: 1/1"], output.Updates.Select(u => u.Bundle.Text));
    }

    [Fact]
    public void Stages_have_displays_of_their_own_and_interruption_stops_the_work()
    {
        progress.Report(new StageProgress("a", 1, 2));
        progress.Report(new StageProgress("b", 5, 0, "no number"));
        Assert.Equal(["a: 1/2", "b: 5, no number"], output.Displays.Select(d => d.Bundle.Text));
        interrupted.Cancel();
        Assert.Throws<OperationCanceledException>(() => progress.Report(new StageProgress("a", 2, 2)));
    }
}
