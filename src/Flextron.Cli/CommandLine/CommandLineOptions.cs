using System.CommandLine;
using Flextron.Workbench.Experiments;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Cli.CommandLine;

/// <summary>The options that every verb has.</summary>
internal sealed class CommandLineOptions
{
    private static readonly Dictionary<string, ScalarType> Dtypes = new(StringComparer.Ordinal)
    {
        ["float32"] = ScalarType.Float32, ["bfloat16"] = ScalarType.BFloat16, ["float16"] = ScalarType.Float16,
    };

    /// <summary>Machine-readable output.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "Write one JSON object to standard output and nothing else.", Recursive = true };

    /// <summary>Seed.</summary>
    public Option<long> Seed { get; } = new("--seed")
    {
        Description = "Seed of everything random.", Recursive = true, HelpName = "n", DefaultValueFactory = _ => 1,
    };

    /// <summary>Device.</summary>
    public Option<string> Device { get; } = new("--device")
    {
        Description = "Where to compute: cpu or cuda.", Recursive = true, HelpName = "name", DefaultValueFactory = _ => "cpu",
    };

    /// <summary>Element type.</summary>
    public Option<string> Dtype { get; } = new("--dtype")
    {
        Description = "Element type of the weights: float32, bfloat16 or float16.", Recursive = true, HelpName = "type", DefaultValueFactory = _ => "float32",
    };

    /// <summary>Adds them to the root, from which every verb inherits them.</summary>
    public void AddTo(Command root)
    {
        foreach (Option option in (Option[])[Json, Seed, Device, Dtype]) root.Options.Add(option);
    }

    /// <summary>An element type by name.</summary>
    /// <exception cref="FlextronException">Unknown.</exception>
    public static ScalarType ParseDtype(string name) => Dtypes.TryGetValue(name, out ScalarType dtype)
        ? dtype
        : throw new FlextronException($"There is no dtype '{name}': {NearestName.Suggest(name, Dtypes.Keys)}");

    /// <summary>The name that <see cref="ParseDtype"/> reads.</summary>
    public static string NameOf(ScalarType dtype) => Dtypes.First(d => d.Value == dtype).Key;

    /// <summary>A device by name.</summary>
    /// <exception cref="FlextronException">Unknown, or not available on this machine.</exception>
    public static Device ParseDevice(string name) => name switch
    {
        "cpu" => CPU,
        "cuda" when cuda_is_available() => CUDA,
        "cuda" => throw new FlextronException("CUDA is not available here: use --device cpu, or build with -p:Torch=cuda on a machine with an NVIDIA driver."),
        _ => throw new FlextronException($"There is no device '{name}': {NearestName.Suggest(name, ["cpu", "cuda"])}"),
    };
}
