using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flextron.Notebooks.Jupyter;

/// <summary>Messages as frames: identities, a delimiter, the signature, four JSON documents, buffers.</summary>
/// <param name="key">Secret of the signatures; empty turns them off.</param>
internal sealed class MessageWire(string key)
{
    private static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();
    private static readonly JsonSerializerOptions Options = new() { MaxDepth = 128 };
    private readonly byte[] secret = Encoding.UTF8.GetBytes(key);

    /// <summary>A message's frames.</summary>
    public IReadOnlyList<byte[]> Encode(JupyterMessage message)
    {
        byte[][] parts = [.. new JsonObject[] { message.Header, message.ParentHeader, message.Metadata, message.Content }.Select(p => JsonSerializer.SerializeToUtf8Bytes(p, Options))];
        return [.. message.Identities, Delimiter, Encoding.ASCII.GetBytes(Sign(parts)), .. parts];
    }

    /// <summary>The message in frames.</summary>
    /// <exception cref="InvalidDataException">No message, or not signed with the secret.</exception>
    public JupyterMessage Decode(IReadOnlyList<byte[]> frames)
    {
        int at = 0;
        while (at < frames.Count && !frames[at].AsSpan().SequenceEqual(Delimiter)) at++;
        if (frames.Count - at < 6) throw new InvalidDataException("a message is too short or has no delimiter");
        byte[][] parts = [.. frames.Skip(at + 2).Take(4)];
        byte[] expected = Encoding.ASCII.GetBytes(Sign(parts));
        if (!CryptographicOperations.FixedTimeEquals(expected, frames[at + 1])) throw new InvalidDataException("a message is not signed with this kernel's key");
        try
        {
            JsonObject[] json = [.. parts.Select(p => JsonNode.Parse(p, documentOptions: new JsonDocumentOptions { MaxDepth = 128 }) as JsonObject ?? throw new InvalidDataException("a part of a message is no JSON object"))];
            return new JupyterMessage([.. frames.Take(at)], json[0], json[1], json[2], json[3]);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"a message is not readable: {e.Message}", e);
        }
    }

    private string Sign(byte[][] parts)
    {
        if (secret.Length == 0) return "";
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        foreach (byte[] part in parts) hash.AppendData(part);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
