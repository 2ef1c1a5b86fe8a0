namespace Flextron.Workbench.Experiments;

/// <summary>How far a run has come.</summary>
public enum RunState
{
    /// <summary>A process is working on it.</summary>
    Running,

    /// <summary>It came to its end.</summary>
    Finished,

    /// <summary>It was stopped, by the user or because its process ended.</summary>
    Interrupted,

    /// <summary>An error ended it.</summary>
    Failed,
}
