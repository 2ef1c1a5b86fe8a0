using Flextron.Progress;
using Flextron.Workbench.Display;

namespace Flextron.Tests.Workbench.Display;

public sealed class PlainProgressDisplayTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly StringWriter _written = new();

    public void Dispose() => _written.Dispose();

    [Fact]
    public void ALongStageHasALineAtTwoSecondsThenEveryFiveAndOneAtItsEnd()
    {
        using var display = new PlainProgressDisplay(_written, _clock);
        display.Begin("train");
        for (int step = 0; step <= 48; step++)
        {
            display.Report(new StageProgress("train", step, 48, $"loss {3 - step / 48.0:0.00}".Replace(',', '.')));
            if (step < 48) _clock.Advance(0.25);
        }
        display.End("train");
        Assert.Equal(
            """
            train: started, 7/48 (14 %), 4.00/s, 10.0 s left, loss 2.85
            train: 28/48 (58 %), 4.00/s, 5.0 s left, loss 2.42
            train: done in 12.0 s, loss 2.00

            """.ReplaceLineEndings("\n"), _written.ToString());
    }

    [Fact]
    public void WorkUnderTwoSecondsHasOnlyItsFinishedLine()
    {
        using var display = new PlainProgressDisplay(_written, _clock);
        for (int i = 0; i <= 10; i++)
        {
            display.Report(new StageProgress("tokenize", i, 10));
            if (i < 10) _clock.Advance(0.19);
        }
        display.Report(new StageProgress("tokenize", 10, 10));
        Assert.Equal("tokenize: done in 1.9 s, 5.26/s\n", _written.ToString());
    }

    [Fact]
    public void AStageThatNeverReportsSaysThatItStarted()
    {
        using (var display = new PlainProgressDisplay(_written, _clock))
        {
            display.Begin("load");
            _clock.Advance(1.9);
            Assert.Equal("", _written.ToString());
            _clock.Advance(0.2);
            Assert.Equal("load: started\n", _written.ToString());
            _clock.Advance(60);
        }
        Assert.Equal("load: started\nload: stopped in 1 min 02 s\n", _written.ToString());
    }

    [Fact]
    public void AnUnknownTotalShowsCountAndRate()
    {
        using var display = new PlainProgressDisplay(_written, _clock);
        display.Report(new StageProgress("read", 0, 0));
        _clock.Advance(3);
        display.Report(new StageProgress("read", 3000, 0));
        _clock.Advance(4);
        display.Report(new StageProgress("read", 7000, 0));
        display.End("read", "failed");
        Assert.Equal("read: started\nread: 7000, 1,000/s\nread: failed in 7.0 s, 1,000/s\n", _written.ToString());
    }

    [Fact]
    public void MessagesAndSeveralStagesKeepTheirOrder()
    {
        using var display = new PlainProgressDisplay(_written, _clock);
        display.Begin("a");
        display.Begin("b");
        display.Message("hello");
        _clock.Advance(2.5);
        display.End("b");
        display.End("b");
        display.End("never begun");
        display.End("a", "interrupted");
        Assert.Equal("hello\na: started\nb: started\nb: done in 2.5 s\na: interrupted in 2.5 s\n", _written.ToString());
    }
}
