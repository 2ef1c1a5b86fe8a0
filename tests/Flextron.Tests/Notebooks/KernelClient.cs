using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flextron.Notebooks.Jupyter;
using NetMQ;
using NetMQ.Sockets;

namespace Flextron.Tests.Notebooks;

/// <summary>A front end in a few lines: what Jupyter's own clients do, without Python.</summary>
internal sealed class KernelClient : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Dictionary<KernelChannel, NetMQSocket> sockets;
    private readonly RequestSocket heartbeat;
    private readonly MessageWire wire;

    public KernelClient(ConnectionInfo connection)
    {
        wire = new MessageWire(connection.Key);
        sockets = new Dictionary<KernelChannel, NetMQSocket>
        {
            [KernelChannel.Shell] = Dealer(connection.Address(connection.ShellPort)), [KernelChannel.Control] = Dealer(connection.Address(connection.ControlPort)),
            [KernelChannel.Stdin] = Dealer(connection.Address(connection.StdinPort)), [KernelChannel.IoPub] = Subscriber(connection.Address(connection.IoPubPort)),
        };
        heartbeat = new RequestSocket();
        heartbeat.Connect(connection.Address(connection.HeartbeatPort));
    }

    private readonly byte[] identity = Guid.NewGuid().ToByteArray().Prepend((byte)1).ToArray();

    /// <summary>Ports that nobody listens on.</summary>
    public static ConnectionInfo NewConnection()
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, 5).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners) listener.Start();
        int[] ports = [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners) listener.Stop();
        return new ConnectionInfo { ShellPort = ports[0], ControlPort = ports[1], StdinPort = ports[2], IoPubPort = ports[3], HeartbeatPort = ports[4], Key = "secret" };
    }

    /// <summary>Asks for the kernel's description until its output channel is heard as well.</summary>
    public JupyterMessage WaitUntilReady()
    {
        for (int i = 0; ; i++)
        {
            string id = Send(KernelChannel.Shell, "kernel_info_request", []);
            JupyterMessage reply = Reply(KernelChannel.Shell, id);
            if (Receive(KernelChannel.IoPub, TimeSpan.FromSeconds(1)) is not null)
            {
                // What was heard may be the end of a message whose beginning was not: the next one is heard whole.
                id = Send(KernelChannel.Shell, "kernel_info_request", []);
                Reply(KernelChannel.Shell, id);
                UntilIdle(id);
                return reply;
            }
            if (i == 20) throw new TimeoutException("Nothing is heard on the output channel.");
        }
    }

    public string Send(KernelChannel channel, string type, JsonObject content)
    {
        JupyterMessage message = JupyterMessage.Create(type, "client", content);
        SendFrames(channel, wire.Encode(message));
        return (string)message.Header["msg_id"]!;
    }

    public void SendFrames(KernelChannel channel, IReadOnlyList<byte[]> frames)
    {
        var message = new NetMQMessage();
        foreach (byte[] frame in frames) message.Append(frame);
        sockets[channel].SendMultipartMessage(message);
    }

    public string Execute(string code, bool allowStdin = false, bool silent = false, JsonObject? expressions = null) => Send(KernelChannel.Shell, "execute_request", new JsonObject
    {
        ["code"] = code, ["silent"] = silent, ["store_history"] = !silent, ["user_expressions"] = expressions ?? [], ["allow_stdin"] = allowStdin, ["stop_on_error"] = true,
    });

    /// <summary>The answer to a request; others are passed over.</summary>
    public JupyterMessage Reply(KernelChannel channel, string id)
    {
        while (true)
        {
            JupyterMessage reply = Receive(channel) ?? throw new TimeoutException($"No answer on {channel}.");
            if (ParentOf(reply) == id) return reply;
        }
    }

    /// <summary>What is shown for a request, up to and including its "idle".</summary>
    public List<JupyterMessage> UntilIdle(string id)
    {
        var shown = new List<JupyterMessage>();
        while (true)
        {
            JupyterMessage message = Receive(KernelChannel.IoPub) ?? throw new TimeoutException("The kernel does not become idle.");
            if (ParentOf(message) != id) continue;
            shown.Add(message);
            if (message.Type == "status" && message.Text("execution_state") == "idle") return shown;
        }
    }

    public JupyterMessage? Receive(KernelChannel channel, TimeSpan? patience = null)
    {
        NetMQMessage? frames = null;
        return sockets[channel].TryReceiveMultipartMessage(patience ?? Patience, ref frames) ? wire.Decode([.. frames!.Select(f => f.ToByteArray())]) : null;
    }

    public string Beat(string text)
    {
        heartbeat.SendFrame(text);
        return heartbeat.TryReceiveFrameString(Patience, out string? echo) ? echo : throw new TimeoutException("No heartbeat.");
    }

    public static string ParentOf(JupyterMessage message) => (string?)message.ParentHeader["msg_id"] ?? "";

    public void Dispose()
    {
        foreach (NetMQSocket socket in sockets.Values) socket.Dispose();
        heartbeat.Dispose();
    }

    // Questions reach the front end whose identity the request carried: all its sockets share one.
    private DealerSocket Dealer(string address)
    {
        var socket = new DealerSocket();
        socket.Options.Identity = identity;
        socket.Options.Linger = TimeSpan.Zero;
        socket.Connect(address);
        return socket;
    }

    private static SubscriberSocket Subscriber(string address)
    {
        var socket = new SubscriberSocket();
        socket.Options.ReceiveHighWatermark = 0;
        socket.Connect(address);
        socket.SubscribeToAnyTopic();
        return socket;
    }
}
