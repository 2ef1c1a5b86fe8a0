using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Flextron.Storage;

namespace Flextron.Checkpoints;

/// <summary>
/// Reads and checks the header of a safetensors file: eight bytes with the header's length, the header as JSON, then the tensors' bytes.
/// Everything in it is a claim until it fits the file's real length.
/// </summary>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    // The limit of the format's own reader.
    private const long MaximalLength = 100_000_000;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Parses the header of a mapped file.</summary>
    /// <exception cref="FlextronException">It is not a safetensors file, or the header contradicts itself or the file.</exception>
    public static SafetensorsHeader Parse(MappedFile file)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Bytes(0, 8));
        if (length > MaximalLength || (long)length > file.Length - 8)
            throw Bad(file, $"its header claims {length} bytes but only {file.Length - 8} follow (at most {MaximalLength} are allowed)");
        try
        {
            string text = StrictUtf8.GetString(file.Bytes(8, (int)length));
            using var document = JsonDocument.Parse(text);
            return Parse(file, document.RootElement, 8 + (long)length);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // InvalidOperationException: a JSON string with half a surrogate pair, found only when it is read.
            throw new FlextronException(
                $"{file.Path} is not a usable safetensors file: its header is not readable JSON; fetch it again.", e);
        }
    }

    private static SafetensorsHeader Parse(MappedFile file, JsonElement root, long dataStart)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Bad(file, "its header is not a JSON object");
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        Dictionary<string, string>? metadata = null;
        foreach (JsonProperty property in root.EnumerateObject())
        {
            string name = property.Name;
            if (name == "__metadata__")
            {
                if (metadata is not null) throw Bad(file, "its header has __metadata__ twice");
                metadata = ParseMetadata(file, property.Value);
            }
            else if (!entries.TryAdd(name, ParseEntry(file, name, property.Value, dataStart)))
            {
                throw Bad(file, $"its header names {Quoted(name)} twice");
            }
        }
        CheckCoverage(file, entries.Values, dataStart);
        return new SafetensorsHeader(entries, metadata ?? []);
    }

    private static Dictionary<string, string> ParseMetadata(MappedFile file, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Bad(file, "its __metadata__ is not a JSON object");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
                throw Bad(file, $"its __metadata__ entry {Quoted(property.Name)} is not a text");
            if (!metadata.TryAdd(property.Name, property.Value.GetString()!))
                throw Bad(file, $"its __metadata__ names {Quoted(property.Name)} twice");
        }
        return metadata;
    }

    private static SafetensorsEntry ParseEntry(MappedFile file, string name, JsonElement value, long dataStart)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Bad(file, $"the description of {Quoted(name)} is not a JSON object");
        JsonElement? dtype = null, shape = null, offsets = null;
        foreach (JsonProperty property in value.EnumerateObject())
        {
            bool repeated = false;
            switch (property.Name)
            {
                case "dtype": (repeated, dtype) = (dtype is not null, property.Value); break;
                case "shape": (repeated, shape) = (shape is not null, property.Value); break;
                case "data_offsets": (repeated, offsets) = (offsets is not null, property.Value); break;
            }
            if (repeated) throw Bad(file, $"the description of {Quoted(name)} has {property.Name} twice");
        }

        if (dtype is not { ValueKind: JsonValueKind.String }) throw Bad(file, $"{Quoted(name)} has no dtype");
        string type = dtype.Value.GetString()!;
        int bits = ElementBytes(type) ?? throw Bad(file, $"{Quoted(name)} has the unknown dtype {Quoted(type)}");
        long[] sizes = Numbers(file, name, "shape", shape);
        long[] range = Numbers(file, name, "data_offsets", offsets);
        if (range.Length != 2 || range[0] > range[1] || range[1] > file.Length - dataStart)
            throw Bad(file, $"the data_offsets [{string.Join(", ", range)}] of {Quoted(name)} are not within its {file.Length - dataStart} bytes of data");
        long bytes = ByteLength(sizes, bits)
            ?? throw Bad(file, $"the shape [{string.Join(", ", sizes)}] of {Quoted(name)} is larger than any file");
        if (bytes != range[1] - range[0])
            throw Bad(
                file,
                $"{Quoted(name)} of shape [{string.Join(", ", sizes)}] needs {bytes} bytes as {type} but its data_offsets span {range[1] - range[0]}");
        return new SafetensorsEntry(name, type, sizes, dataStart + range[0], bytes);
    }

    private static long[] Numbers(MappedFile file, string name, string what, JsonElement? value)
    {
        if (value is not { ValueKind: JsonValueKind.Array } array) throw Bad(file, $"{Quoted(name)} has no list {what}");
        // torch has no more dimensions than this, and a message should stay readable.
        if (array.GetArrayLength() > 64) throw Bad(file, $"the {what} of {Quoted(name)} has {array.GetArrayLength()} entries");
        long[] numbers = new long[array.GetArrayLength()];
        int i = 0;
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out numbers[i]) || numbers[i++] < 0)
                throw Bad(file, $"the {what} of {Quoted(name)} is not a list of counts");
        }
        return numbers;
    }

    private static long? ByteLength(long[] sizes, int elementBytes)
    {
        try
        {
            return sizes.Aggregate((long)elementBytes, (a, b) => checked(a * b));
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    // The format allows neither shared bytes nor bytes that belong to no tensor.
    private static void CheckCoverage(MappedFile file, IEnumerable<SafetensorsEntry> entries, long dataStart)
    {
        long at = dataStart;
        string previous = "the header";
        foreach (SafetensorsEntry entry in entries.OrderBy(e => e.Offset).ThenBy(e => e.ByteLength))
        {
            if (entry.Offset < at) throw Bad(file, $"{Quoted(entry.Name)} overlaps {previous}");
            if (entry.Offset > at) throw Bad(file, $"{entry.Offset - at} bytes before {Quoted(entry.Name)} belong to no tensor");
            at += entry.ByteLength;
            previous = Quoted(entry.Name);
        }
        if (at != file.Length) throw Bad(file, $"{file.Length - at} bytes at its end belong to no tensor");
    }

    private static int? ElementBytes(string dtype) => dtype switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" => 1,
        _ => null,
    };

    // Names come from outside and may be of any length.
    private static string Quoted(string name) => $"'{(name.Length <= 100 ? name : name[..100] + "…").ReplaceLineEndings(" ")}'";

    private static FlextronException Bad(MappedFile file, string why) =>
        new($"{file.Path} is not a usable safetensors file: {why}; fetch it again.");
}
