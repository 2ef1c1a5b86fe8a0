namespace Flextron.Workbench.Experiments;

/// <summary>A run has stopped after the stage that <see cref="RunOptions.Until"/> names, as asked: what is finished is kept, and the next run goes on from there.</summary>
/// <param name="stage">The last stage computed.</param>
/// <param name="run">The run's folder.</param>
public sealed class RunStoppedException(string stage, string run) : Exception($"The run stopped after the stage \"{stage}\", as asked.")
{
    /// <summary>The last stage computed.</summary>
    public string Stage => stage;

    /// <summary>The run's folder.</summary>
    public string Run => run;
}
