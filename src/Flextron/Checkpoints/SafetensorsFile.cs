using Flextron.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>
/// A safetensors file, mapped into memory: opening reads and checks the header only, and each tensor is converted piece by piece straight
/// into the tensor that will hold it.
/// </summary>
/// <remarks>Do not shorten the file while it is open: like every mapped file it must keep its length.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile file;

    private SafetensorsFile(MappedFile file, SafetensorsHeader header)
    {
        this.file = file;
        Entries = header.Entries;
        Metadata = header.Metadata;
    }

    /// <summary>The file.</summary>
    public string Path => file.Path;

    /// <summary>Every tensor by name, in the header's order.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The free texts that the writer left, such as <c>format</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its whole header against the file's length.</summary>
    /// <exception cref="FlextronException">It is missing, or its header is not one, lies, or leaves bytes unexplained.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        MappedFile file = MappedFile.Open(path, "a safetensors file", 8);
        try
        {
            return new SafetensorsFile(file, SafetensorsHeader.Parse(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Converts a tensor into an existing one, whatever its strides, element type and device.</summary>
    /// <param name="name">The tensor in the file: F32, F16, BF16, F8_E4M3 or F8_E5M2 (as stored: scales beside it are the caller's matter).</param>
    /// <param name="destination">Receives it; of the same shape.</param>
    /// <exception cref="FlextronException">No such tensor, another shape, or an element type that weights do not have.</exception>
    public void CopyTo(string name, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (!Entries.TryGetValue(name, out SafetensorsEntry? entry)) throw new FlextronException($"{Path} holds no tensor {name}.");
        if (!entry.Shape.SequenceEqual(destination.shape))
            throw new FlextronException(
                $"{name} in {Path} has shape [{string.Join(", ", entry.Shape)}] where [{string.Join(", ", destination.shape)}] is needed.");
        switch (entry.Dtype)
        {
            case "F32": TensorBytes.Read(file.View, entry.Offset, ScalarType.Float32, destination); break;
            case "F16": TensorBytes.Read(file.View, entry.Offset, ScalarType.Float16, destination); break;
            case "BF16": TensorBytes.Read(file.View, entry.Offset, ScalarType.BFloat16, destination); break;
            case "F8_E4M3": TensorBytes.Read(file.View, entry.Offset, Float8.E4M3, destination); break;
            case "F8_E5M2": TensorBytes.Read(file.View, entry.Offset, Float8.E5M2, destination); break;
            default: throw new FlextronException($"{name} in {Path} is stored as {entry.Dtype}, which cannot be read as weights: convert it to F32, F16 or BF16.");
        }
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => file.Dispose();
}
