using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Flextron.Storage;

/// <summary>The one way this project reads and writes JSON: camel case, enums as words, readable text, indented files, single-line records.</summary>
public static class FlextronJson
{
    /// <summary>For files that people read.</summary>
    public static JsonSerializerOptions Indented { get; } = Make(indented: true);

    /// <summary>For JSON lines and standard output.</summary>
    public static JsonSerializerOptions Compact { get; } = Make(indented: false);

    /// <summary>Reads a JSON file into <typeparamref name="T"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What the file is, for the message: "experiment", "latency table".</param>
    /// <exception cref="FlextronException">Missing, unreadable, or not such a file.</exception>
    public static T ReadFile<T>(string path, string what)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no {what} at {path}: check the path.");
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Indented) ?? throw new JsonException("it is empty");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} is not a readable {what}: {Short(e.Message)}", e);
        }
    }

    // The reader's messages quote the file from the fault on, all of it.
    private static string Short(string message)
    {
        string line = message.ReplaceLineEndings(" ");
        return (line.Length <= 300 ? line : $"{line[..140]} … {line[^140..]}").TrimEnd('.') + ".";
    }

    /// <summary>Writes a value as an indented file, atomically.</summary>
    public static void WriteFile<T>(string path, T value) => AtomicFile.WriteAllText(path, JsonSerializer.Serialize(value, Indented) + "\n");

    private static JsonSerializerOptions Make(bool indented) => new(JsonSerializerDefaults.Web)
    {
        WriteIndented = indented,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
