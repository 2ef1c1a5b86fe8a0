using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Flextron.Notebooks.Jupyter;

/// <summary>Where a front end expects the kernel, from the connection file that it wrote.</summary>
public sealed record ConnectionInfo
{
    /// <summary>Address to bind; only this machine's own.</summary>
    [JsonPropertyName("ip")]
    public string Ip { get; init; } = "127.0.0.1";

    /// <summary>Only <c>tcp</c>.</summary>
    [JsonPropertyName("transport")]
    public string Transport { get; init; } = "tcp";

    /// <summary>Requests to execute, complete, inspect.</summary>
    [JsonPropertyName("shell_port")]
    public int ShellPort { get; init; }

    /// <summary>Requests that must not wait: interrupt and shut down.</summary>
    [JsonPropertyName("control_port")]
    public int ControlPort { get; init; }

    /// <summary>Questions to the user.</summary>
    [JsonPropertyName("stdin_port")]
    public int StdinPort { get; init; }

    /// <summary>Everything that is shown.</summary>
    [JsonPropertyName("iopub_port")]
    public int IoPubPort { get; init; }

    /// <summary>Echo, to see that the kernel lives.</summary>
    [JsonPropertyName("hb_port")]
    public int HeartbeatPort { get; init; }

    /// <summary>Secret of the signatures; empty turns them off.</summary>
    [JsonPropertyName("key")]
    public string Key { get; init; } = "";

    /// <summary>Only <c>hmac-sha256</c>.</summary>
    [JsonPropertyName("signature_scheme")]
    public string SignatureScheme { get; init; } = "hmac-sha256";

    /// <summary>Reads a connection file.</summary>
    /// <exception cref="FlextronException">Missing, unreadable, or asking for what this kernel does not do.</exception>
    public static ConnectionInfo Load(string path)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no connection file at {path}: a front end writes it when it starts the kernel.");
        try
        {
            return (JsonSerializer.Deserialize<ConnectionInfo>(File.ReadAllText(path)) ?? throw new JsonException("it is empty")).Validated();
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} is not a readable connection file: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Checks that the kernel can and may listen there.</summary>
    /// <exception cref="FlextronException">Another transport, an address of the network, an unknown signature, or an impossible port.</exception>
    public ConnectionInfo Validated()
    {
        if (Transport != "tcp") throw new FlextronException($"The connection file asks for the transport \"{Transport}\": only tcp is known.");
        if (SignatureScheme is not ("hmac-sha256" or "")) throw new FlextronException($"The connection file asks for signatures by \"{SignatureScheme}\": only hmac-sha256 is known.");
        // Whoever reaches the ports runs code as the user: nobody outside this machine may.
        if (Ip != "localhost" && !(IPAddress.TryParse(Ip, out IPAddress? address) && IPAddress.IsLoopback(address)))
            throw new FlextronException($"The connection file asks the kernel to listen on {Ip}: it listens on this machine's own address (127.0.0.1) only.");
        foreach (int port in (int[])[ShellPort, ControlPort, StdinPort, IoPubPort, HeartbeatPort])
        {
            if (port is < 1 or > 65535) throw new FlextronException($"The connection file names the port {port}: ports are 1 to 65535.");
        }
        return this;
    }

    /// <summary>The address of one of the ports.</summary>
    internal string Address(int port) => $"tcp://{(Ip == "localhost" ? "127.0.0.1" : Ip.Contains(':', StringComparison.Ordinal) ? $"[{Ip}]" : Ip)}:{port}";
}
