namespace Flextron.Notebooks.Jupyter;

/// <summary>The sockets between kernel and front ends.</summary>
internal enum KernelChannel
{
    /// <summary>Requests to execute, complete, inspect.</summary>
    Shell,

    /// <summary>Interrupt and shut down.</summary>
    Control,

    /// <summary>Questions to the user.</summary>
    Stdin,

    /// <summary>Everything that is shown.</summary>
    IoPub,
}
