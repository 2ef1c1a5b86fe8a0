using System.CommandLine;

namespace Flextron.Cli.Commands;

/// <summary><c>notebook</c>: what has to do with notebooks.</summary>
internal sealed class NotebookCommand : Command
{
    public NotebookCommand() : base("notebook", "Runs C# notebooks without a front end; puts the kernel into VS Code and Jupyter.")
    {
        foreach (Command verb in (Command[])[new NotebookRunCommand(), new NotebookInstallCommand(), new NotebookUninstallCommand(), new NotebookKernelCommand()]) Subcommands.Add(verb);
    }
}
