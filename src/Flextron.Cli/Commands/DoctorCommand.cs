using System.Globalization;
using System.Runtime.Intrinsics.X86;
using Flextron.Cli.CommandLine;
using Flextron.Data;
using Flextron.Native;
using Flextron.Notebooks.Jupyter;
using Flextron.Workbench.Experiments;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Cli.Commands;

/// <summary><c>doctor</c>: whether this machine can run everything, and what to do where it cannot.</summary>
internal sealed class DoctorCommand : VerbCommand
{
    public DoctorCommand() : base(
        "doctor", "Checks whether everything runs here, and says how to fix what does not.",
        "Looks at the runtime, the processor, libtorch, devices, element types, the embedded data and write permissions. The exit code is 1 where something essential is missing.",
        "doctor",
        "doctor --json",
        "doctor --device cuda")
    {
    }

    public override bool NeedsTorch => false;

    /// <summary>One thing that was looked at.</summary>
    /// <param name="Name">What.</param>
    /// <param name="Ok">Whether it is as it should be.</param>
    /// <param name="Detail">What was found.</param>
    /// <param name="Fix">What to do; null where all is well.</param>
    /// <param name="Essential">Whether nothing works without it.</param>
    internal sealed record DoctorCheck(string Name, bool Ok, string Detail, string? Fix, bool Essential);

    public override VerbResult Execute(CommandContext context)
    {
        EnvironmentInfo environment = EnvironmentInfo.Capture(Directory.GetCurrentDirectory(), DateTimeOffset.UtcNow);
        var checks = new List<DoctorCheck>
        {
            new(".NET runtime", true, environment.Runtime, null, true),
            new("operating system", true, $"{environment.OperatingSystem}, {environment.Architecture}", null, true),
            Processor(environment),
            Memory(environment),
        };
        checks.AddRange(Torch(environment, context));
        checks.Add(Found("embedded base model", () => EmbeddedData.BaseModel, "config.json"));
        checks.Add(Found("tiny world data", () => EmbeddedData.TinyWorld, "manifest.json"));
        checks.Add(NotebookKernel());
        checks.Add(Writable("temporary folder", Path.GetTempPath()));
        checks.Add(Writable("current folder", Directory.GetCurrentDirectory()));
        bool ok = checks.All(c => c.Ok || !c.Essential);
        return new VerbResult(new { ok, checks }, writer =>
        {
            foreach (DoctorCheck check in checks)
            {
                writer.WriteLine($"{(check.Ok ? "ok  " : check.Essential ? "FAIL" : "note")}  {check.Name}: {check.Detail}");
                if (check.Fix is not null) writer.WriteLine($"      {check.Fix}");
            }
            writer.WriteLine(ok ? "Everything needed is here." : "Something is missing: see the lines marked FAIL.");
        }, ok ? 0 : 1);
    }

    private static DoctorCheck Processor(EnvironmentInfo environment)
    {
        List<string> features = [];
        if (Avx2.IsSupported) features.Add("AVX2");
        if (Avx512F.IsSupported) features.Add("AVX-512");
        string flags = OperatingSystem.IsLinux() && File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) ?? ""
            : "";
        if (flags.Contains("avx512_bf16", StringComparison.Ordinal)) features.Add("AVX-512 bf16");
        if (flags.Contains("amx_bf16", StringComparison.Ordinal)) features.Add("AMX bf16");
        string what = features.Count > 0 ? string.Join(", ", features) : "no vector extension that is looked for";
        return new DoctorCheck("processor", true, $"{environment.Processor}, {environment.Cores} cores, {what}", null, true);
    }

    private static DoctorCheck Memory(EnvironmentInfo environment)
    {
        double gigabytes = environment.MemoryBytes / 1e9;
        return new DoctorCheck("memory", gigabytes >= 1, string.Create(CultureInfo.InvariantCulture, $"{gigabytes:0.0} GB"),
            gigabytes >= 1 ? null : "Give the process at least 1 GB.", false);
    }

    private static IEnumerable<DoctorCheck> Torch(EnvironmentInfo environment, CommandContext context)
    {
        TorchRuntimeState state = TorchRuntime.State;
        yield return new DoctorCheck("native library", state.Loaded, $"{state.LibraryPath ?? "none"}: {state.Explanation}", state.Fix, true);
        if (!state.Loaded) yield break;
        yield return new DoctorCheck("libtorch", true, $"{environment.Libtorch}, {environment.LibtorchThreads} threads", null, true);
        bool cuda = environment.Accelerators.Count > 0;
        yield return new DoctorCheck("cuda", cuda, cuda ? string.Join(", ", environment.Accelerators) : "no CUDA device: everything runs on the CPU",
            cuda ? null : "Not needed; for a GPU build with -p:Torch=cuda on a machine with an NVIDIA driver.", false);
        Device device = context.Device;
        foreach (ScalarType dtype in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16])
            yield return Dtype(dtype, device);
    }

    // 8 × 8 ones times ones is 8 everywhere, exactly, in every type.
    private static DoctorCheck Dtype(ScalarType dtype, Device device)
    {
        string name = $"{CommandLineOptions.NameOf(dtype)} on {device.type.ToString().ToLowerInvariant()}";
        try
        {
            using var scope = NewDisposeScope();
            Tensor matrix = ones([8, 8], dtype, device);
            float sum = matrix.matmul(matrix).to(ScalarType.Float32).sum().item<float>();
            return new DoctorCheck(name, sum == 512, sum == 512 ? "computes" : $"a sum of 512 came out as {sum.ToString(CultureInfo.InvariantCulture)}", sum == 512 ? null : "Use another --dtype.", dtype == ScalarType.Float32);
        }
        catch (System.Runtime.InteropServices.ExternalException e)
        {
            return new DoctorCheck(name, false, e.Message.ReplaceLineEndings(" "), "Use another --dtype.", dtype == ScalarType.Float32);
        }
    }

    private static DoctorCheck NotebookKernel()
    {
        var spec = new KernelSpec(KernelSpec.DefaultFolder);
        const string install = "For notebooks in VS Code or Jupyter run `flextron notebook install`; `flextron notebook run` needs nothing.";
        return spec.State() switch
        {
            null => new DoctorCheck("notebook kernel", false, $"not installed in {KernelSpec.DefaultFolder}", install, false),
            { IsOurs: false } => new DoctorCheck("notebook kernel", false, $"{spec.File} belongs to another program", install, false),
            { ExecutableExists: false, Executable: var program } => new DoctorCheck("notebook kernel", false, $"{spec.File} starts {program}, which is not there any more", install, false),
            { Executable: var program } => new DoctorCheck("notebook kernel", true, $"{spec.File} starts {program}", null, false),
        };
    }

    private static DoctorCheck Found(string name, Func<string> find, string file)
    {
        try
        {
            string folder = find();
            bool there = File.Exists(Path.Combine(folder, file));
            return new DoctorCheck(name, there, there ? folder : $"{folder} has no {file}", there ? null : "Fetch the folder again from the repository.", false);
        }
        catch (FlextronException e)
        {
            return new DoctorCheck(name, false, e.Message, "Only the embedded examples need it.", false);
        }
    }

    private static DoctorCheck Writable(string name, string folder)
    {
        string file = Path.Combine(folder, $".flextron-{Guid.NewGuid():N}.tmp");
        try
        {
            File.WriteAllText(file, "");
            File.Delete(file);
            return new DoctorCheck(name, true, folder, null, false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new DoctorCheck(name, false, $"{folder} cannot be written: {e.Message}", "Change its permissions, or write elsewhere.", false);
        }
    }
}
