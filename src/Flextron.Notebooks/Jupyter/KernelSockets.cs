using NetMQ;
using NetMQ.Sockets;

namespace Flextron.Notebooks.Jupyter;

/// <summary>The kernel's five sockets. One thread owns them all; others send through a queue, which keeps the order.</summary>
internal sealed class KernelSockets : IDisposable
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);
    private readonly MessageWire wire;
    private readonly Action<KernelChannel, JupyterMessage> received;
    private readonly Action<string> log;
    private readonly Dictionary<KernelChannel, NetMQSocket> sockets;
    private readonly ResponseSocket heartbeat = new();
    private readonly NetMQQueue<(KernelChannel Channel, JupyterMessage? Message)> outgoing = new();
    private readonly NetMQPoller poller;

    /// <summary>Binds the sockets; <see cref="Run"/> then serves them.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="received">Called on the sockets' thread with every message that is well signed; must not block.</param>
    /// <param name="log">Told of messages that are dropped.</param>
    /// <exception cref="FlextronException">A port is taken.</exception>
    public KernelSockets(ConnectionInfo connection, Action<KernelChannel, JupyterMessage> received, Action<string> log)
    {
        wire = new MessageWire(connection.Key);
        this.received = received;
        this.log = log;
        sockets = new Dictionary<KernelChannel, NetMQSocket>
        {
            [KernelChannel.Shell] = new RouterSocket(), [KernelChannel.Control] = new RouterSocket(), [KernelChannel.Stdin] = new RouterSocket(), [KernelChannel.IoPub] = new PublisherSocket(),
        };
        poller = [outgoing, heartbeat];
        try
        {
            Bind(sockets[KernelChannel.Shell], connection, connection.ShellPort);
            Bind(sockets[KernelChannel.Control], connection, connection.ControlPort);
            Bind(sockets[KernelChannel.Stdin], connection, connection.StdinPort);
            Bind(sockets[KernelChannel.IoPub], connection, connection.IoPubPort);
            Bind(heartbeat, connection, connection.HeartbeatPort);
        }
        catch (NetMQException e)
        {
            Dispose();
            throw new FlextronException($"The kernel cannot listen on the ports of its connection file: {e.Message} Start it again from the front end.", e);
        }
        foreach ((KernelChannel channel, NetMQSocket socket) in sockets.Where(s => s.Key != KernelChannel.IoPub))
        {
            socket.ReceiveReady += (_, _) => Receive(channel, socket);
            poller.Add(socket);
        }
        heartbeat.ReceiveReady += (_, _) => heartbeat.SendMultipartMessage(heartbeat.ReceiveMultipartMessage());
        outgoing.ReceiveReady += (_, _) => SendAll();
    }

    /// <summary>Serves the sockets on this thread until <see cref="Stop"/>.</summary>
    public void Run() => poller.Run();

    /// <summary>Sends a message from any thread.</summary>
    public void Send(KernelChannel channel, JupyterMessage message) => outgoing.Enqueue((channel, message));

    /// <summary>Ends <see cref="Run"/> once everything before is sent.</summary>
    public void Stop() => outgoing.Enqueue((KernelChannel.IoPub, null));

    /// <inheritdoc/>
    public void Dispose()
    {
        poller.Dispose();
        foreach (NetMQSocket socket in sockets.Values) socket.Dispose();
        heartbeat.Dispose();
        outgoing.Dispose();
    }

    private static void Bind(NetMQSocket socket, ConnectionInfo connection, int port)
    {
        // Nothing may be dropped: a front end that misses one "idle" waits for ever.
        socket.Options.SendHighWatermark = 0;
        socket.Options.ReceiveHighWatermark = 0;
        socket.Options.Linger = Linger;
        socket.Bind(connection.Address(port));
    }

    private void Receive(KernelChannel channel, NetMQSocket socket)
    {
        NetMQMessage? frames = null;
        while (socket.TryReceiveMultipartMessage(ref frames))
        {
            try
            {
                received(channel, wire.Decode([.. frames.Select(f => f.ToByteArray())]));
            }
            catch (InvalidDataException e)
            {
                log($"dropped on {channel}: {e.Message}");
            }
        }
    }

    private void SendAll()
    {
        while (outgoing.TryDequeue(out (KernelChannel Channel, JupyterMessage? Message) next, TimeSpan.Zero))
        {
            if (next.Message is null)
            {
                poller.StopAsync();
                return;
            }
            var frames = new NetMQMessage();
            foreach (byte[] frame in wire.Encode(next.Message)) frames.Append(frame);
            sockets[next.Channel].SendMultipartMessage(frames);
        }
    }
}
