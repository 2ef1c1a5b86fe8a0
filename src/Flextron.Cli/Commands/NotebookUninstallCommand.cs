using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Notebooks.Jupyter;

namespace Flextron.Cli.Commands;

/// <summary><c>notebook uninstall</c>: takes the kernel's entry away.</summary>
internal sealed class NotebookUninstallCommand : VerbCommand
{
    private readonly Option<string> folder = new("--kernels") { Description = "Folder of kernels.", HelpName = "dir", DefaultValueFactory = _ => KernelSpec.DefaultFolder };

    public NotebookUninstallCommand() : base("uninstall", "Takes the kernel's entry away again.", "", "notebook uninstall") => Options.Add(folder);

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        var spec = new KernelSpec(Path.GetFullPath(context.Get(folder)));
        bool removed = spec.Uninstall();
        return new VerbResult(new { removed, file = spec.File }, writer => writer.WriteLine(removed ? $"removed: {spec.File}" : $"there was nothing at {spec.File}"));
    }
}
