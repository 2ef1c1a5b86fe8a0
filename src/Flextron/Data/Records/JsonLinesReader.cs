using System.Text;
using System.Text.Json;

namespace Flextron.Data.Records;

/// <summary>Reads a file of one JSON object per line, lazily; blank lines are skipped.</summary>
internal static class JsonLinesReader
{
    /// <exception cref="FlextronException">The file is missing, or a line is not a JSON object in UTF-8.</exception>
    public static IEnumerable<DataRecord> Read(string path)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no file {path}: check the path.");
        using StreamReader reader = DataFile.Guard(path, () => new StreamReader(path, DataFile.StrictUtf8));
        for (int number = 1; ; number++)
        {
            string? text;
            try
            {
                text = DataFile.Guard(path, reader.ReadLine);
            }
            catch (DecoderFallbackException e)
            {
                throw DataFile.NotUtf8(path, number, e);
            }
            if (text is null) yield break;
            if (!string.IsNullOrWhiteSpace(text)) yield return Parse(path, number, text);
        }
    }

    private static DataRecord Parse(string path, int number, string text)
    {
        DataRecord Wrong(string problem, Exception? e = null) => throw new DataRecord(path, number, default).Error(problem, e);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement value = document.RootElement.Clone();
            return value.ValueKind == JsonValueKind.Object ? new DataRecord(path, number, value) : Wrong("it is not a JSON object");
        }
        catch (JsonException e)
        {
            return Wrong("it is not valid JSON", e);
        }
    }
}
