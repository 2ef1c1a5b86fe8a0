using System.Text;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Display;
using Flextron.Workbench.Experiments;

namespace Flextron.Cli;

/// <summary>The command line <c>flextron</c>.</summary>
public static class Program
{
    /// <summary>Runs one verb.</summary>
    /// <param name="args">As typed.</param>
    /// <returns>0, or not.</returns>
    public static int Main(string[] args)
    {
        if (Console.IsOutputRedirected) Console.SetOut(Utf8(Console.OpenStandardOutput()));
        else if (OperatingSystem.IsWindows()) Console.OutputEncoding = Encoding.UTF8;
        using var interruption = new Interruption(() => Console.Error.WriteLine("flextron: stopping as soon as it is safe; Ctrl-C again stops at once."));
        return new CommandRunner(Console.Out, Console.Error, () => ProgressDisplay.Create(), interruption.Token, Console.In).Run(args);
    }

    // Redirected text is UTF-8 everywhere, without a byte-order mark.
    private static StreamWriter Utf8(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
