using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Latency;

/// <summary>The model name of the processor or accelerator that runs a model.</summary>
public static class DeviceNames
{
    private static readonly Lazy<string> Processor = new(() =>
        FromProcInfo() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
        ?? (OperatingSystem.IsMacOS() ? FirstLine("sysctl", "-n machdep.cpu.brand_string") : null)
        ?? RuntimeInformation.ProcessArchitecture.ToString());

    /// <summary>Name of a device, with the number of processors for a CPU because virtual machines share model names.</summary>
    public static string Of(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device.type == DeviceType.CPU) return $"{Processor.Value} ({Environment.ProcessorCount} processors)";
        int index = Math.Max(0, device.index);
        // TorchSharp does not expose the device's properties; the driver's own tool is there wherever the driver is.
        return FirstLine("nvidia-smi", $"--query-gpu=name --format=csv,noheader --id={index}") ?? device.ToString();
    }

    private static string? FromProcInfo()
    {
        const string Info = "/proc/cpuinfo";
        if (!File.Exists(Info)) return null;
        string? line = File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string? FirstLine(string program, string arguments)
    {
        try
        {
            using Process? process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true });
            string? line = process?.StandardOutput.ReadLine()?.Trim();
            return string.IsNullOrEmpty(line) ? null : line;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            return null;
        }
    }
}
