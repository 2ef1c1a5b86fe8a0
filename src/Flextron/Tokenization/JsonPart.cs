using System.Text.Json;

namespace Flextron.Tokenization;

/// <summary>A part of a JSON file from outside, read with messages that name the file and the place.</summary>
/// <param name="File">The file, for messages.</param>
/// <param name="Where">The place in it, such as <c>pre_tokenizer.pattern</c>.</param>
/// <param name="Element">The value.</param>
internal readonly record struct JsonPart(string File, string Where, JsonElement Element)
{
    /// <summary>The message for a value that cannot be used.</summary>
    public FlextronException Bad(string what) => new($"{File}: {Shown(Where.Length == 0 ? "the file" : Where)} {Shown(what)}.");

    /// <summary>The message for something that is valid but not supported.</summary>
    public FlextronException Unsupported(string what) =>
        new($"{File}: {Shown(Where)} asks for {Shown(what)}, which is not supported; use a model with a tokenizer of the Llama, GPT-2 or T5 kind.");

    /// <summary>A member, or null where it is absent or JSON null.</summary>
    public JsonPart? Find(string name)
    {
        if (Element.ValueKind != JsonValueKind.Object) throw Bad("is not an object");
        if (!Element.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null) return null;
        return new JsonPart(File, Where.Length == 0 ? name : $"{Where}.{name}", value);
    }

    /// <summary>A member that must be there.</summary>
    public JsonPart Get(string name) => Find(name) ?? throw Bad($"has no '{name}'");

    /// <summary>The elements of an array.</summary>
    public IEnumerable<JsonPart> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array) throw Bad("is not an array");
        int index = 0;
        foreach (JsonElement item in Element.EnumerateArray()) yield return new JsonPart(File, $"{Where}[{index++}]", item);
    }

    /// <summary>The members of an object.</summary>
    public IEnumerable<(string Name, JsonPart Value)> Members()
    {
        if (Element.ValueKind != JsonValueKind.Object) throw Bad("is not an object");
        foreach (JsonProperty member in Element.EnumerateObject())
            yield return (Unescape(() => member.Name), new JsonPart(File, $"{Where}['{member.Name}']", member.Value));
    }

    /// <summary>The value as text.</summary>
    public string Text()
    {
        if (Element.ValueKind != JsonValueKind.String) throw Bad("is not a string");
        JsonElement element = Element;
        return Unescape(() => element.GetString()!);
    }

    /// <summary>The value as a whole number of 32 bits.</summary>
    public int Int() => Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out int value) ? value : throw Bad("is not a whole number");

    /// <summary>The value as a finite number.</summary>
    public double Number() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetDouble(out double value) && double.IsFinite(value) ? value : throw Bad("is not a number");

    /// <summary>A member as text, or the fallback.</summary>
    public string? Text(string name, string? fallback) => Find(name)?.Text() ?? fallback;

    /// <summary>A member as yes or no, or the fallback.</summary>
    public bool Flag(string name, bool fallback)
    {
        if (Find(name) is not { } part) return fallback;
        return part.Element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw part.Bad("is neither true nor false"),
        };
    }

    // Names and tokens come from outside and may be of any length and hold anything.
    private static string Shown(string text) => string.Concat((text.Length <= 300 ? text : text[..300] + "…").Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));

    private string Unescape(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw Bad("holds text that is not valid Unicode");
        }
    }
}
