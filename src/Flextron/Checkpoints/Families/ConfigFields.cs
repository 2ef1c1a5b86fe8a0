using System.Text.Json;
using Flextron.Models;
using Flextron.Storage;

namespace Flextron.Checkpoints.Families;

/// <summary>Typed access to the fields of a <c>config.json</c>, or of an object in it; null and absence are the same, as in transformers, unless it is asked.</summary>
internal sealed class ConfigFields
{
    private readonly JsonElement root;
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    /// <summary>Wraps an object.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="root">The object.</param>
    public ConfigFields(string path, JsonElement root) => (Path, this.root) = (path, root);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Reads a file and hands its fields to a parser.</summary>
    /// <exception cref="FlextronException">It cannot be read, or is not a JSON object of valid text.</exception>
    public static T Read<T>(string path, Func<ConfigFields, T> parse)
    {
        var root = FlextronJson.ReadFile<JsonElement>(path, "model configuration");
        if (root.ValueKind != JsonValueKind.Object) throw new FlextronException($"{path} is not a JSON object: fetch it again.");
        try
        {
            return parse(new ConfigFields(path, root));
        }
        catch (InvalidOperationException e)
        {
            throw new FlextronException($"{path} is not a readable model configuration: a text in it is not valid Unicode; fetch it again.", e);
        }
    }

    /// <summary>Names of all fields.</summary>
    public IEnumerable<string> Names => root.EnumerateObject().Select(p => p.Name);

    /// <summary>The value of a field; null where it is absent or null.</summary>
    public JsonElement? Find(string name)
    {
        asked.Add(name);
        return Peek(name);
    }

    /// <summary>The same, without counting as a reader.</summary>
    public JsonElement? Peek(string name) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Whether a field has been read.</summary>
    public bool WasRead(string name) => asked.Contains(name);

    /// <summary>Whether a field is there, be it null.</summary>
    public bool Has(string name) => root.TryGetProperty(name, out _);

    /// <summary>A number that must be there.</summary>
    public int Integer(string name) => OptionalInteger(name) ?? throw new FlextronException($"{Path}: {name} is missing; this kind of model needs it.");

    /// <summary>A whole number.</summary>
    public int? OptionalInteger(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) => number,
        { } value => throw Wrong(name, value, "a whole number"),
    };

    /// <summary>A number.</summary>
    public double? OptionalNumber(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) => number,
        { } value => throw Wrong(name, value, "a number"),
    };

    /// <summary>A list of numbers.</summary>
    public NumberList? Numbers(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value when value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.Number) => new NumberList([.. value.EnumerateArray().Select(v => v.GetDouble())]),
        { } value => throw Wrong(name, value, "a list of numbers"),
    };

    /// <summary>A truth value, with what its absence means.</summary>
    public bool Flag(string name, bool absent = false) => Find(name) switch
    {
        null => absent,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Wrong(name, value, "true or false"),
    };

    /// <summary>A text.</summary>
    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { } value => throw Wrong(name, value, "a text"),
    };

    /// <summary>One of several texts, each with its meaning.</summary>
    /// <exception cref="FlextronException">It is another text; the message lists those that are supported.</exception>
    public T Choice<T>(string name, string absent, IReadOnlyList<(string Text, T Value)> choices)
    {
        string text = Text(name) ?? absent;
        foreach ((string choice, T value) in choices)
            if (choice == text) return value;
        throw new FlextronException($"{Path}: {name} {Shown(text)} is not supported; supported are {string.Join(", ", choices.Select(c => c.Text))}.");
    }

    /// <summary>An object.</summary>
    public ConfigFields? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new ConfigFields(Path, value),
        _ => throw new FlextronException($"{Path}: {name} is not an object; correct it or make it null."),
    };

    /// <summary>
    /// One id or a list of them, the model's own first. Negative ones mean none, and so do those outside the vocabulary, which no text can lead to: configurations of
    /// small GPT-2 models often keep the ids of the large vocabulary.
    /// </summary>
    public IReadOnlyList<int> TokenIds(string name, int vocabulary)
    {
        if (Find(name) is not { } value) return [];
        IEnumerable<JsonElement> elements = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return [.. elements.Select(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out int id) ? id : throw Wrong(name, e, "a token id")).Where(id => id >= 0 && id < vocabulary)];
    }

    /// <summary>Refuses a value other than the one that the library computes.</summary>
    public void Require(string name, bool needed)
    {
        if (Flag(name, needed) != needed) throw new FlextronException($"{Path}: {name} {(needed ? "false" : "true")} is not supported; use a model with {(needed ? "true" : "false")}.");
    }

    /// <summary>A value for a message, not too long.</summary>
    public static string Shown(string? value) => value is null ? "(absent)" : $"'{(value.Length <= 60 ? value : value[..60] + "…").ReplaceLineEndings(" ")}'";

    private FlextronException Wrong(string name, JsonElement value, string needed) => new($"{Path}: {name} {Shown(value.GetRawText())} is not {needed}; correct it.");
}
