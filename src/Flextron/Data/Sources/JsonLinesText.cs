using System.Text;
using System.Text.Json;

namespace Flextron.Data.Sources;

/// <summary>One document a line, from a field of its JSON object.</summary>
internal static class JsonLinesText
{
    private const int LongestLine = 1 << 28;

    /// <summary>Reads a file; blank lines are passed over.</summary>
    public static IEnumerable<string> Read(string file, string field)
    {
        using StreamReader? reader = Open(file);
        var lines = new LineReader(reader!, LongestLine);
        while (Next(lines, file) is { } line)
        {
            if (lines.WasCut) throw new FlextronException($"{file} line {lines.Number} has more than {LongestLine:N0} characters: is it JSON, one object a line?");
            if (!string.IsNullOrWhiteSpace(line)) yield return Text(line, file, lines.Number, field);
        }
    }

    private static StreamReader Open(string file)
    {
        try
        {
            return new StreamReader(CorpusFiles.Open(file), Encoding.UTF8);
        }
        catch (Exception e) when (CorpusFiles.IsReadFailure(e))
        {
            throw CorpusFiles.Unreadable(file, e);
        }
    }

    private static string? Next(LineReader lines, string file)
    {
        try
        {
            return lines.Read();
        }
        catch (Exception e) when (CorpusFiles.IsReadFailure(e))
        {
            throw CorpusFiles.Unreadable(file, e);
        }
    }

    private static string Text(string line, string file, long number, string field)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw new FlextronException($"{file} line {number} is not a JSON object: give one object a line.");
            if (json.RootElement.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String) return value.GetString()!;
            string others = string.Join(", ", json.RootElement.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String).Select(p => p.Name).Take(8));
            throw new FlextronException($"{file} line {number} has no text in a field \"{field}\": name the field that holds it{(others.Length > 0 ? $", such as {others}" : "")}.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FlextronException($"{file} line {number} is not JSON with a text: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
