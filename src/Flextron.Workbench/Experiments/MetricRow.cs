using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>One line of <c>metrics.jsonl</c>.</summary>
/// <param name="Values">The fields in the order they were written.</param>
public sealed record MetricRow(JsonObject Values)
{
    /// <summary>The stage that wrote the row, or null for one of the run itself.</summary>
    public string? Stage => Text("stage");

    /// <summary>A number, NaN and infinities included; null where the field is missing or is no number.</summary>
    public double? Number(string field) => Values[field] is not JsonValue value ? null : value.GetValueKind() switch
    {
        JsonValueKind.Number => value.GetValue<double>(),
        JsonValueKind.String => value.GetValue<string>() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => null,
        },
        _ => null,
    };

    /// <summary>A text; null where the field is missing or is none.</summary>
    public string? Text(string field) => Values[field] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>The row as the record that it was written from; null where it is none.</summary>
    public T? As<T>() where T : class
    {
        try
        {
            return Values.Deserialize<T>(FlextronJson.Compact);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
