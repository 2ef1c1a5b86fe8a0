using System.ComponentModel;
using System.Diagnostics;

namespace Flextron.Workbench.Experiments;

/// <summary>Asks a program of the system, where it is installed.</summary>
internal static class ToolOutput
{
    /// <summary>What the program prints, or null where it is missing, fails or takes longer than five seconds.</summary>
    public static string? TryRun(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            CreateNoWindow = true,
        };
        try
        {
            using Process? process = Process.Start(start);
            if (process is null) return null;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
            return output.Wait(TimeSpan.FromSeconds(1)) && process.ExitCode == 0 ? output.Result : null;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or IOException or AggregateException)
        {
            return null;
        }
    }
}
