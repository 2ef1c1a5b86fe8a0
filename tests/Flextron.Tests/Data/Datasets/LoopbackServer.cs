using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Flextron.Tests.Data.Datasets;

/// <summary>An HTTP server that says exactly what a test wants, misbehaviour included: one answer a connection, then it hangs up.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<Request, Reply> answer;

    public LoopbackServer(Func<Request, Reply> answer)
    {
        this.answer = answer;
        listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    public ConcurrentQueue<Request> Requests { get; } = new();

    public void Dispose() => listener.Dispose();

    private async Task ServeAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = Task.Run(() => AnswerAsync(client));
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            NetworkStream stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            string path = (await reader.ReadLineAsync())?.Split(' ')[1] ?? "";
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (await reader.ReadLineAsync() is { Length: > 0 } line) headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            var request = new Request(path, headers);
            Requests.Enqueue(request);
            Reply reply = answer(request);
            string head = $"HTTP/1.1 {reply.Status} Reason\r\nConnection: close\r\n{string.Concat(reply.Headers.Select(h => $"{h}\r\n"))}";
            if (reply.StatesLength) head += $"Content-Length: {reply.Body.Length}\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head + "\r\n"));
            await stream.WriteAsync(reply.Body.AsMemory(0, Math.Min(reply.CutAfter, reply.Body.Length)));
            await stream.FlushAsync();
            if (reply.Silence > TimeSpan.Zero) await Task.Delay(reply.Silence);
        }
    }

    /// <summary>What was asked.</summary>
    internal sealed record Request(string Path, IReadOnlyDictionary<string, string> Headers)
    {
        /// <summary>First byte of the range asked for; 0 without one.</summary>
        public int From => Headers.TryGetValue("Range", out string? range) ? int.Parse(range["bytes=".Length..].TrimEnd('-'), System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>What is answered.</summary>
    internal sealed record Reply(int Status, byte[] Body, params string[] Headers)
    {
        public bool StatesLength { get; init; } = true;

        public int CutAfter { get; init; } = int.MaxValue;

        public TimeSpan Silence { get; init; }
    }
}
