using System.Text.Json;
using System.Text.Json.Serialization;

namespace Flextron.Workbench.Experiments;

/// <summary>Reads and writes <see cref="SummaryValue"/>: a bare number, or an object where more is known.</summary>
internal sealed class SummaryValueConverter : JsonConverter<SummaryValue>
{
    public override SummaryValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject) return new SummaryValue(JsonSerializer.Deserialize<double>(ref reader, options));
        StoredValue fields = JsonSerializer.Deserialize<StoredValue>(ref reader, options) ?? throw new JsonException();
        return new SummaryValue(fields.Value ?? throw new JsonException("it lacks a value"), fields.Low, fields.High, fields.Sd, fields.N);
    }

    public override void Write(Utf8JsonWriter writer, SummaryValue value, JsonSerializerOptions options)
    {
        if (value is { Low: null, High: null, Sd: null, N: null }) JsonSerializer.Serialize(writer, value.Value, options);
        else JsonSerializer.Serialize(writer, new StoredValue(value.Value, value.Low, value.High, value.Sd, value.N), options);
    }

    private sealed record StoredValue(
        double? Value,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Low,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? High,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Sd,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? N);
}
