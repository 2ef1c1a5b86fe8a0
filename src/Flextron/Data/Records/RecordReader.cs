using System.Text.Json;

namespace Flextron.Data.Records;

/// <summary>Reads the records of a data file by its format: <c>.parquet</c>, <c>.csv</c> whose first row names the columns, else one JSON object a line.</summary>
internal static class RecordReader
{
    /// <summary>Extensions of files that hold records.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".jsonl", ".parquet", ".csv"];

    /// <summary>Reads a file, lazily where its format allows.</summary>
    /// <exception cref="FlextronException">The file is missing or malformed (named by line or row).</exception>
    public static IEnumerable<DataRecord> Read(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".parquet" => ParquetRecords.Read(path),
        ".csv" => Csv(path),
        _ => JsonLinesReader.Read(path),
    };

    private static IEnumerable<DataRecord> Csv(string path)
    {
        string[]? header = null;
        foreach ((int line, string[] row) in CsvReader.Read(path))
        {
            if (header is null)
            {
                header = row;
                continue;
            }
            if (row.Length != header.Length)
                throw new DataRecord(path, line, default).Error($"a row has {row.Length} fields and the first row names {header.Length}");
            var fields = new Dictionary<string, string>();
            for (int i = 0; i < row.Length; i++) fields[header[i].Trim()] = row[i];
            yield return new DataRecord(path, line, JsonSerializer.SerializeToElement(fields));
        }
    }
}
