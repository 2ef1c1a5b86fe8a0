using Flextron.Progress;

namespace Flextron.Workbench.Display;

/// <summary>
/// Shows on standard error how far long work has come. Reports may come from any thread and are handled before
/// <see cref="IProgress{T}.Report"/> returns.
/// </summary>
/// <remarks>
/// A stage that was opened by <see cref="Begin"/> lasts until <see cref="End"/>. One that was opened by its first report ends by itself once
/// all its units are done.
/// </remarks>
public interface IProgressDisplay : IProgress<StageProgress>, IDisposable
{
    /// <summary>Says that a stage has begun, before there is anything to report.</summary>
    /// <param name="stage">The name that its reports will carry.</param>
    void Begin(string stage);

    /// <summary>Closes a stage and says how long it took.</summary>
    /// <param name="stage">A stage that has begun; an unknown one is ignored.</param>
    /// <param name="outcome">How it ended: "done", "failed", "interrupted".</param>
    void End(string stage, string outcome = "done");

    /// <summary>Shows one line without disturbing the bars.</summary>
    void Message(string text);
}
