using System.Globalization;
using System.Text.Json.Nodes;

namespace Flextron.Workbench.Experiments;

/// <summary>What a stage's result is determined by.</summary>
/// <param name="Name">Letters, digits, '-' and '_'.</param>
/// <param name="Version">Raised by whoever changes the stage's code so that results differ.</param>
/// <param name="Settings">The part of the settings that the stage reads (seeds included), as JSON, or null.</param>
/// <param name="Inputs">Files and earlier stages, in order.</param>
public sealed record StageDefinition(string Name, int Version, JsonNode? Settings, IReadOnlyList<StageInput> Inputs)
{
    // Changes with the library's code, so that a stage never takes over what other code computed.
    private static readonly string Library = typeof(FlextronException).Module.ModuleVersionId.ToString("N");

    /// <summary>SHA-256 of name, version, the library's code, settings and inputs: two definitions with the same key have the same result.</summary>
    public string Key => CanonicalJson.Hash(new JsonObject
    {
        ["stage"] = Name,
        ["version"] = Version,
        ["code"] = Library,
        ["settings"] = Settings?.DeepClone(),
        ["inputs"] = new JsonArray([.. Inputs.Select(i => new JsonObject { ["name"] = i.Name, ["hash"] = i.Hash })]),
    });

    /// <summary>Name of the entry in the store: the stage's name and the beginning of the key.</summary>
    internal string EntryName => string.Create(CultureInfo.InvariantCulture, $"{Name}-{Key.AsSpan(0, 16)}");

    /// <summary>Makes a definition of any settings record.</summary>
    /// <exception cref="ArgumentException">The name holds other characters.</exception>
    public static StageDefinition Of(string name, object? settings, IReadOnlyList<StageInput> inputs, int version = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(inputs);
        if (name.Length > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            throw new ArgumentException($"A stage's name is made of letters, digits, '-' and '_', and \"{name}\" is not.", nameof(name));
        return new StageDefinition(name, version, CanonicalJson.Of(settings), inputs);
    }
}
