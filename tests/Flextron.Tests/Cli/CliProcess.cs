using System.Diagnostics;

namespace Flextron.Tests.Cli;

/// <summary>The program in a process of its own, which can be killed. It computes with one thread.</summary>
internal static class CliProcess
{
    /// <summary>Starts it; what it writes is dropped.</summary>
    public static Process Start(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Flextron.Cli.exe" : "Flextron.Cli");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Runs it to its end and returns the exit code.</summary>
    public static int Finish(params string[] arguments)
    {
        using Process process = Start(arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}
