using System.Globalization;
using System.Text.Json.Nodes;

namespace Flextron.Notebooks.Jupyter;

/// <summary>One message of Jupyter's protocol.</summary>
/// <param name="Identities">Whom it comes from or goes to.</param>
/// <param name="Header">Its own header.</param>
/// <param name="ParentHeader">The header of the request that it answers; empty for none.</param>
/// <param name="Metadata">Metadata.</param>
/// <param name="Content">Content.</param>
internal sealed record JupyterMessage(IReadOnlyList<byte[]> Identities, JsonObject Header, JsonObject ParentHeader, JsonObject Metadata, JsonObject Content)
{
    /// <summary>The version of the protocol that is spoken.</summary>
    public const string ProtocolVersion = "5.3";

    /// <summary>What kind of message it is.</summary>
    public string Type => Text(Header, "msg_type");

    /// <summary>A new message.</summary>
    /// <param name="type">Its kind.</param>
    /// <param name="session">The sender's session.</param>
    /// <param name="content">Content.</param>
    /// <param name="parent">What it answers; null for nothing.</param>
    /// <param name="identities">Whom it goes to; the parent's sender by default.</param>
    public static JupyterMessage Create(string type, string session, JsonObject content, JupyterMessage? parent = null, IReadOnlyList<byte[]>? identities = null) => new(
        identities ?? parent?.Identities ?? [],
        new JsonObject
        {
            ["msg_id"] = Guid.NewGuid().ToString("N"), ["session"] = session, ["username"] = "kernel", ["msg_type"] = type, ["version"] = ProtocolVersion,
            ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
        },
        (JsonObject?)parent?.Header.DeepClone() ?? [],
        [],
        content);

    /// <summary>A text of the content.</summary>
    public string Text(string name) => Text(Content, name);

    /// <summary>A number of the content.</summary>
    public int Number(string name, int otherwise = 0) => Content[name] is JsonValue value && value.TryGetValue(out int number) ? number : otherwise;

    /// <summary>A yes or no of the content.</summary>
    public bool Flag(string name, bool otherwise) => Content[name] is JsonValue value && value.TryGetValue(out bool flag) ? flag : otherwise;

    private static string Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
}
