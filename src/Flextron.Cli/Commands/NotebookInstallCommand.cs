using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Notebooks.Jupyter;

namespace Flextron.Cli.Commands;

/// <summary><c>notebook install</c>: the kernel's entry for VS Code and Jupyter.</summary>
internal sealed class NotebookInstallCommand : VerbCommand
{
    private readonly Option<string> folder = new("--kernels") { Description = "Folder of kernels.", HelpName = "dir", DefaultValueFactory = _ => KernelSpec.DefaultFolder };

    public NotebookInstallCommand() : base(
        "install", "Puts the C# kernel where VS Code and Jupyter look for kernels; Python is not needed.",
        "The entry names this program's own file, so that it is run again when the repository moves. An older .NET kernel of the same name is replaced. "
        + "In VS Code open a notebook, choose 'Select Kernel' → 'Jupyter Kernel…' → '.NET (C#)'; for completion after a dot set \"jupyter.completionTriggerCharacters\": {\"csharp\": [\".\"]}.",
        "notebook install",
        "notebook install --kernels /opt/jupyter/share/jupyter/kernels") => Options.Add(folder);

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        var spec = new KernelSpec(Path.GetFullPath(context.Get(folder)));
        spec.Install(KernelSpec.ThisProgram);
        return new VerbResult(new { installed = spec.File, name = KernelSpec.Name, displayName = KernelSpec.DisplayName, program = KernelSpec.ThisProgram }, writer =>
        {
            writer.WriteLine($"installed: {spec.File}");
            writer.WriteLine($"next: open notebooks/00-tour.ipynb in VS Code (Jupyter extension) or Jupyter, and choose the kernel \"{KernelSpec.DisplayName}\"");
        });
    }
}
