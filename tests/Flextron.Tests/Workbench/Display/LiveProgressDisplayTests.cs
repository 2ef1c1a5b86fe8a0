using System.Text.RegularExpressions;
using Flextron.Progress;
using Flextron.Workbench.Display;
using Spectre.Console;

namespace Flextron.Tests.Workbench.Display;

public sealed partial class LiveProgressDisplayTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly StringWriter _written = new();

    public void Dispose() => _written.Dispose();

    private string Text => Escapes().Replace(_written.ToString(), "");

    [Fact]
    public void BarsShowShareRateTimeLeftAndNote()
    {
        using LiveProgressDisplay display = Create();
        for (int i = 0; i <= 50; i++)
        {
            display.Report(new StageProgress("train [a]", i, 100, "loss 2.5"));
            _clock.Advance(0.1);
        }
        Assert.Contains("train [a]", Text, StringComparison.Ordinal);
        Assert.Contains("29/100 (29 %), 10.0/s, 7.0 s left, loss 2.5", Text, StringComparison.Ordinal);
    }

    [Fact]
    public void ShortWorkDrawsNoBar()
    {
        using LiveProgressDisplay display = Create();
        display.Report(new StageProgress("quick", 0, 4));
        _clock.Advance(1);
        display.Report(new StageProgress("quick", 4, 4));
        Assert.Equal("quick: done in 1.0 s, 4.00/s\n", Text.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void AFinishedStageLeavesItsLineAndTheNextOneIsDrawn()
    {
        using (LiveProgressDisplay display = Create())
        {
            foreach (string stage in new[] { "first", "second" })
            {
                display.Begin(stage);
                _clock.Advance(3);
                display.Message($"in {stage}");
                display.End(stage);
            }
        }
        string[] lines = [.. Text.ReplaceLineEndings("\n").Split('\n').Select(l => l.Trim()).Where(l => l.Contains("done in", StringComparison.Ordinal) || l.StartsWith("in ", StringComparison.Ordinal))];
        Assert.Equal(["in first", "first: done in 3.0 s", "in second", "second: done in 3.0 s"], lines);
    }

    private LiveProgressDisplay Create()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(_written),
        });
        console.Profile.Width = 120;
        return new LiveProgressDisplay(console, _clock);
    }

    [GeneratedRegex("\u001b\\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
