using System.CommandLine;
using System.Runtime.InteropServices;
using Flextron.Cli.CommandLine;
using Flextron.Notebooks.Jupyter;

namespace Flextron.Cli.Commands;

/// <summary><c>notebook kernel</c>: what front ends start.</summary>
internal sealed class NotebookKernelCommand : VerbCommand
{
    private readonly Option<string> connection = new("--connection-file") { Description = "Ports and key, written by the front end.", HelpName = "file", Required = true };

    public NotebookKernelCommand() : base(
        "kernel", "Serves VS Code or Jupyter; they start it themselves once it is installed.",
        "Listens on this machine's own address only, and takes only messages signed with the connection file's key.",
        "notebook kernel --connection-file connection.json") => Options.Add(connection);

    // The first cell that needs it loads it; the front end must not wait for that.
    public override bool NeedsTorch => false;

    public override string HowToGoOn => "start the kernel again from the front end";

    public override VerbResult Execute(CommandContext context)
    {
        ConnectionInfo info = ConnectionInfo.Load(context.Get(connection));
        using (var kernel = new JupyterKernel(info, Directory.GetCurrentDirectory(), text => Console.Error.WriteLine($"flextron kernel: {text}")))
        {
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
            {
                // Ctrl-C in the terminal of a notebook server reaches its kernels, too: it stops a cell, never the kernel.
                signal.Cancel = true;
                kernel.Interrupt();
            });
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
            {
                signal.Cancel = true;
                kernel.Stop();
            });
            using var parent = new ParentWatch(kernel.Stop);
            kernel.Run();
        }
        JupyterKernel.SendWhatIsLeft();
        return new VerbResult(new { ok = true }, _ => { });
    }
}
