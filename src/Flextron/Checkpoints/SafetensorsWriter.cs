using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Flextron.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>
/// Writes safetensors files: sorted names, header padded to eight bytes, tensors streamed, the whole file replaced at once or not at all.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Writes tensors as one file.</summary>
    /// <param name="path">The file; replaced only when everything has been written.</param>
    /// <param name="tensors">Names and tensors of any strides and device.</param>
    /// <param name="dtype">Element type in the file: Float32, Float16 or BFloat16, rounded to nearest even.</param>
    /// <param name="metadata">Free texts for the header beside <c>format</c>, which is always <c>pt</c>.</param>
    /// <exception cref="FlextronException">A name twice, a value too large for the type, or a place that cannot be written.</exception>
    public static void Write(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        ScalarType dtype = ScalarType.Float32,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Write(path, tensors.Select(t => (t.Name, t.Tensor, t.Tensor.shape)), dtype, metadata);
    }

    /// <summary>The same with the shapes that the file shall give, whose elements in row-major order are those of the tensors.</summary>
    internal static void Write(
        string path,
        IEnumerable<(string Name, Tensor Tensor, long[] Shape)> tensors,
        ScalarType dtype,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        (string Name, Tensor Tensor, long[] Shape)[] sorted = [.. tensors.OrderBy(t => t.Name, StringComparer.Ordinal)];
        for (int i = 0; i < sorted.Length; i++)
        {
            if (sorted[i].Name == "__metadata__" || (i > 0 && sorted[i].Name == sorted[i - 1].Name))
                throw new FlextronException($"Cannot write {path}: the tensor name {sorted[i].Name} is reserved or used twice; rename it.");
        }
        byte[] header = Header(sorted, dtype, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach ((string name, Tensor tensor, _) in sorted) TensorBytes.Write(stream, tensor, dtype, name);
        });
    }

    private static byte[] Header((string Name, Tensor Tensor, long[] Shape)[] sorted, ScalarType dtype, IReadOnlyDictionary<string, string>? metadata)
    {
        int size = TensorBytes.SizeOf(dtype);
        string type = dtype switch { ScalarType.Float32 => "F32", ScalarType.Float16 => "F16", _ => "BF16" };
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string text) in metadata ?? new Dictionary<string, string>()) texts[key] = text;
        texts["format"] = "pt";

        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string text) in texts) json.WriteString(key, text);
            json.WriteEndObject();
            long at = 0;
            foreach ((string name, Tensor tensor, long[] shape) in sorted)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", type);
                json.WriteStartArray("shape");
                foreach (long length in shape) json.WriteNumberValue(length);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += tensor.numel() * size);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (memory.Length % 8 != 0) memory.WriteByte((byte)' ');
        return memory.ToArray();
    }
}
