using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parquet;
using Parquet.Serialization;

namespace Flextron.Data.Records;

/// <summary>Rows of a parquet file as JSON objects: structs become objects, lists arrays; a null, or a list without items, is a field that is not there.</summary>
internal static class ParquetRecords
{
    // Benchmarks have thousands of rows; what is far larger is a corpus and read as one.
    private const long LargestFile = 1L << 30;

    /// <summary>Reads a file, one row group at a time.</summary>
    /// <exception cref="FlextronException">The file is missing or not readable parquet.</exception>
    public static IEnumerable<DataRecord> Read(string path)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no file {path}: check the path.");
        long length = new FileInfo(path).Length;
        if (length > LargestFile) throw new FlextronException($"{path} has {length:N0} bytes, too many for a benchmark: give it as a corpus, or check the path.");
        int number = 0;
        int groups = ParquetFile.Guard(path, () => GroupsAsync(path));
        for (int group = 0; group < groups; group++)
        {
            foreach (JsonElement row in ParquetFile.Guard(path, () => RowsAsync(path, group))) yield return new DataRecord(path, ++number, row);
        }
    }

    private static async Task<int> GroupsAsync(string path)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(path).ConfigureAwait(false);
        return reader.RowGroupCount;
    }

    private static async Task<List<JsonElement>> RowsAsync(string path, int group)
    {
        await using FileStream stream = File.OpenRead(path);
        var result = await ParquetSerializer.DeserializeUntypedAsync(stream, rowGroupIndex: group).ConfigureAwait(false);
        return [.. result.Data.Select(row => JsonSerializer.SerializeToElement(Node(row, 0)))];
    }

    private static JsonNode? Node(object? value, int depth)
    {
        if (depth > 16) throw new InvalidDataException("its columns are nested too deeply");
        return value switch
        {
            null => null,
            string text => JsonValue.Create(text),
            ReadOnlyMemory<char> text => JsonValue.Create(text.ToString()),
            bool truth => JsonValue.Create(truth),
            sbyte or byte or short or ushort or int or uint or long => JsonValue.Create(Convert.ToInt64(value, null)),
            ulong number => JsonValue.Create(number),
            float number => JsonValue.Create(number),
            double number => JsonValue.Create(number),
            IDictionary<string, object?> fields => Object(fields.Select(f => (f.Key, f.Value)), depth),
            byte[] bytes => JsonValue.Create(Convert.ToBase64String(bytes)),
            IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(item => Node(item, depth + 1))]),
            _ => JsonValue.Create(value.ToString()),
        };
    }

    private static JsonObject Object(IEnumerable<(string Key, object? Value)> fields, int depth)
    {
        var node = new JsonObject();
        foreach ((string key, object? value) in fields) node[key] = Node(value, depth + 1);
        return node;
    }
}
