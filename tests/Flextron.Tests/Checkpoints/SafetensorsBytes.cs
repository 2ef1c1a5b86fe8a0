using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Flextron.Tests.Checkpoints;

/// <summary>Safetensors files by hand, so that the library's reader and writer are not each other's only witness.</summary>
internal static class SafetensorsBytes
{
    /// <summary>A file with this header text, as it is, and this data.</summary>
    public static byte[] Make(string header, byte[] data) => Make(Encoding.UTF8.GetBytes(header), data);

    /// <summary>A file with these header bytes and this data.</summary>
    public static byte[] Make(byte[] header, byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    /// <summary>Splits a file into its header text and its data.</summary>
    public static (string Header, byte[] Data) Split(byte[] file)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        return (Encoding.UTF8.GetString(file, 8, length), file[(8 + length)..]);
    }

    /// <summary>The raw bytes of every tensor by name.</summary>
    public static Dictionary<string, byte[]> Tensors(byte[] file)
    {
        (string header, byte[] data) = Split(file);
        return JsonNode.Parse(header)!.AsObject().Where(p => p.Key != "__metadata__").ToDictionary(
            p => p.Key, p => data[(int)p.Value!["data_offsets"]![0]!..(int)p.Value["data_offsets"]![1]!]);
    }

    /// <summary>Values as little-endian float32.</summary>
    public static byte[] Floats(IEnumerable<double> values) => [.. values.SelectMany(v => BitConverter.GetBytes((float)v))];
}
