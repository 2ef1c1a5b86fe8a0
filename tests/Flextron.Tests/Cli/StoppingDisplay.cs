using Flextron.Cli.CommandLine;
using Flextron.Progress;
using Flextron.Workbench.Display;

namespace Flextron.Tests.Cli;

/// <summary>Presses Ctrl-C when a stage has come so far.</summary>
internal sealed class StoppingDisplay(CancellationTokenSource stop, string stage, long at) : IProgressDisplay
{
    public void Begin(string stage) { }

    public void End(string stage, string outcome = "done") { }

    public void Message(string text) { }

    public void Report(StageProgress value)
    {
        if (value.Stage == stage && value.Done >= at) stop.Cancel();
    }

    public void Dispose() { }
}
