using System.Text.Json;

namespace Flextron.Data.Records;

/// <summary>One record of a data file; whatever is missing or of the wrong kind is reported with file and line (in a parquet file: row).</summary>
/// <param name="Path">The file.</param>
/// <param name="Number">Line or row number, from 1.</param>
/// <param name="Value">The record as a JSON object.</param>
internal sealed record DataRecord(string Path, int Number, JsonElement Value)
{
    /// <summary>An error at this line.</summary>
    public FlextronException Error(string problem, Exception? cause = null) =>
        new($"{Path}, line {Number}: {problem}; correct the line or get the file again.", cause!);

    /// <summary>A field that holds text.</summary>
    public string Text(string field) => AsText(Field(Value, field), field);

    /// <summary>Whether there is such a field.</summary>
    public bool Has(string field) => Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(field, out _);

    /// <summary>A field that holds text or a number, such as a label, as text.</summary>
    public string Scalar(string field)
    {
        JsonElement value = Field(Value, field);
        return value.ValueKind == JsonValueKind.Number ? value.GetRawText() : AsText(value, field).Trim();
    }

    /// <summary>A list of texts, at a field or a field of a field.</summary>
    public string[] Texts(params string[] fields)
    {
        JsonElement value = Value;
        foreach (string field in fields) value = Field(value, field);
        if (value.ValueKind != JsonValueKind.Array) throw Error($"field '{string.Join('.', fields)}' is not a list");
        return [.. value.EnumerateArray().Select(item => AsText(item, string.Join('.', fields)))];
    }

    private JsonElement Field(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field, out JsonElement found) ? found : throw Error($"there is no field '{field}'");

    private string AsText(JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.String) throw Error($"field '{field}' is not text");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Error($"field '{field}' is not valid Unicode", e);
        }
    }
}
