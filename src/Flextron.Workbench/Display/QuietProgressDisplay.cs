using Flextron.Progress;

namespace Flextron.Workbench.Display;

/// <summary>Shows nothing.</summary>
internal sealed class QuietProgressDisplay : IProgressDisplay
{
    public void Begin(string stage) { }

    public void End(string stage, string outcome = "done") { }

    public void Message(string text) { }

    public void Report(StageProgress value) { }

    public void Dispose() { }
}
