using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Flextron.Native;
using Flextron.Training;
using TorchSharp;

namespace Flextron.Workbench.Experiments;

/// <summary>Where and with what a run was made; saved as <c>environment.json</c>. Holds no names of machines or users.</summary>
/// <param name="StartedUtc">When the run began.</param>
/// <param name="Version">Version of this project.</param>
/// <param name="Commit">Commit of the repository that holds the experiment, or null.</param>
/// <param name="OperatingSystem">Name and version.</param>
/// <param name="Architecture">Of the process: x64, arm64.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="Processor">The CPU's model name.</param>
/// <param name="Cores">Logical cores that the process may use.</param>
/// <param name="MemoryBytes">Memory that the process may use.</param>
/// <param name="Libtorch">Version of libtorch, or why it cannot be loaded.</param>
/// <param name="LibtorchThreads">Threads that libtorch computes with; 0 where it cannot be loaded.</param>
/// <param name="Accelerators">CUDA devices by name; empty on a CPU.</param>
/// <param name="Instructions">Vector instructions that decide which kernels compute, such as "AVX-512, bfloat16"; null in records of older versions.</param>
public sealed record EnvironmentInfo(
    DateTimeOffset StartedUtc,
    string Version,
    GitCommit? Commit,
    string OperatingSystem,
    string Architecture,
    string Runtime,
    string Processor,
    int Cores,
    long MemoryBytes,
    string Libtorch,
    int LibtorchThreads,
    IReadOnlyList<string> Accelerators,
    string? Instructions = null)
{
    /// <summary>Describes the present process.</summary>
    /// <param name="folder">A folder of the repository whose commit is wanted.</param>
    /// <param name="startedUtc">The start time to record.</param>
    public static EnvironmentInfo Capture(string folder, DateTimeOffset startedUtc)
    {
        (string torchVersion, int threads, string[] accelerators) = DescribeTorch(folder);
        return new EnvironmentInfo(
            startedUtc,
            typeof(FlextronException).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
            GitCommit.Find(folder),
            RuntimeInformation.OSDescription,
            RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
            RuntimeInformation.FrameworkDescription,
            DescribeProcessor(folder),
            Environment.ProcessorCount,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            torchVersion,
            threads,
            accelerators,
            DescribeInstructions());
    }

    private static (string Version, int Threads, string[] Accelerators) DescribeTorch(string folder)
    {
        TorchRuntimeState state = TorchRuntime.State;
        if (!state.Loaded) return ($"not loaded: {state.Explanation}", 0, []);
        string[] accelerators = [];
        if (torch.cuda_is_available())
        {
            accelerators = ToolOutput.TryRun("nvidia-smi", folder, "--query-gpu=name", "--format=csv,noheader")?.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                ?? [.. Enumerable.Repeat("CUDA device", torch.cuda.device_count())];
        }
        return (torch.__version__, torch.get_num_threads(), accelerators);
    }

    // libtorch and the library's own kernels choose among these at run time; sums then have another order.
    private static string DescribeInstructions()
    {
        string widest = Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : AdvSimd.IsSupported ? "NEON" : "none";
        string bfloat16 = ComputeTypes.ProcessorGains ? ", bfloat16" : "";
        string limit = Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") is { Length: > 0 } given ? $", libtorch limited to {given}" : "";
        return widest + bfloat16 + limit;
    }

    private static string DescribeProcessor(string folder)
    {
        string? name = null;
        if (System.OperatingSystem.IsLinux() && File.Exists("/proc/cpuinfo"))
        {
            name = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();
        }
        else if (System.OperatingSystem.IsMacOS())
        {
            name = ToolOutput.TryRun("sysctl", folder, "-n", "machdep.cpu.brand_string")?.Trim();
        }
        name ??= Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return string.IsNullOrEmpty(name) ? "unknown" : name;
    }
}
