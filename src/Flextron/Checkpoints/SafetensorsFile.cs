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
        SafetensorsEntry entry = Entry(name);
        if (!entry.Shape.SequenceEqual(destination.shape))
            throw new FlextronException(
                $"{name} in {Path} has shape [{string.Join(", ", entry.Shape)}] where [{string.Join(", ", destination.shape)}] is needed.");
        CopyElementsTo(name, destination);
    }

    /// <summary>The same for a destination of as many elements, in row-major order of both; shapes are not compared.</summary>
    internal void CopyElementsTo(string name, Tensor destination)
    {
        (SafetensorsEntry entry, ScalarType stored, IReadOnlyList<float>? codes) = Weights(name, destination);
        TensorBytes.Read(file, entry.Offset, stored, destination, codes);
    }

    /// <summary>Whether a tensor's elements, converted and in row-major order, are those of another one.</summary>
    internal bool Equals(string name, Tensor other)
    {
        (SafetensorsEntry entry, ScalarType stored, IReadOnlyList<float>? codes) = Weights(name, other);
        return TensorBytes.Equal(file, entry.Offset, stored, other, codes);
    }

    private SafetensorsEntry Entry(string name) => Entries.TryGetValue(name, out SafetensorsEntry? entry) ? entry : throw new FlextronException($"{Path} holds no tensor {name}.");

    private (SafetensorsEntry Entry, ScalarType Stored, IReadOnlyList<float>? Codes) Weights(string name, Tensor other)
    {
        SafetensorsEntry entry = Entry(name);
        if (entry.Shape.Aggregate(1L, (a, b) => a * b) != other.numel())
            throw new ArgumentException($"{name} has the shape [{string.Join(", ", entry.Shape)}], not {other.numel()} elements.", nameof(other));
        return entry.Dtype switch
        {
            "F32" => (entry, ScalarType.Float32, null),
            "F16" => (entry, ScalarType.Float16, null),
            "BF16" => (entry, ScalarType.BFloat16, null),
            "F8_E4M3" => (entry, ScalarType.Float32, Float8.E4M3),
            "F8_E5M2" => (entry, ScalarType.Float32, Float8.E5M2),
            _ => throw new FlextronException($"{name} in {Path} is stored as {entry.Dtype}, which cannot be read as weights: convert it to F32, F16 or BF16."),
        };
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => file.Dispose();
}
