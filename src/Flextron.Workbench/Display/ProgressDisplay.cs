using Spectre.Console;

namespace Flextron.Workbench.Display;

/// <summary>Chooses the display that fits where standard error goes.</summary>
public static class ProgressDisplay
{
    /// <summary>A silent display, for quiet mode and for code that wants no output.</summary>
    public static IProgressDisplay Quiet { get; } = new QuietProgressDisplay();

    /// <summary>Bars when standard error is a terminal, plain lines when it is a file, a pipe or a dumb terminal, nothing in quiet mode.</summary>
    /// <param name="quiet">Show nothing.</param>
    public static IProgressDisplay Create(bool quiet = false)
    {
        if (quiet) return Quiet;
        bool terminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb"
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI"));
        if (!terminal) return new PlainProgressDisplay(Console.Error, TimeProvider.System);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return new LiveProgressDisplay(console, TimeProvider.System);
    }
}
