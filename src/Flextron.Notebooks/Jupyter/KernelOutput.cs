using System.Text;
using System.Text.Json.Nodes;
using Flextron.Notebooks.Display;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Sessions;

namespace Flextron.Notebooks.Jupyter;

/// <summary>Sends what a cell shows to the front ends. Console text is gathered for a moment, so that a loop of small writes does not become a flood of messages.</summary>
/// <param name="send">Sends a message of a type on the output channel, as an answer to the cell's request.</param>
/// <param name="ask">Asks the user and waits for the answer.</param>
/// <param name="number">The cell's execution count.</param>
internal sealed class KernelOutput(Action<string, JsonObject> send, Func<string, bool, CancellationToken, string> ask, int number) : ICellOutput, IDisposable
{
    private const int LongestMessage = 1 << 16;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(40);
    private readonly Lock gate = new();
    private readonly ConsoleLimit limit = new();
    private readonly StringBuilder pending = new();
    private string pendingName = "stdout";
    private Timer? timer;

    public void Stream(string name, string text)
    {
        lock (gate)
        {
            if (limit.Take(text) is not { } kept) return;
            if (name != pendingName) SendPending();
            pendingName = name;
            pending.Append(kept);
            if (pending.Length >= LongestMessage) SendPending();
            else timer ??= new Timer(_ => Flush(), null, Pause, Timeout.InfiniteTimeSpan);
        }
    }

    public void Display(MimeBundle bundle, string? displayId)
    {
        lock (gate)
        {
            SendPending();
            JsonObject content = new() { ["data"] = CellOutputs.Data(bundle, asLines: false), ["metadata"] = new JsonObject() };
            if (displayId is null) content["execution_count"] = number;
            else content["transient"] = new JsonObject { ["display_id"] = displayId };
            send(displayId is null ? "execute_result" : "display_data", content);
        }
    }

    public void Update(MimeBundle bundle, string displayId)
    {
        lock (gate)
        {
            SendPending();
            send("update_display_data", new JsonObject
            {
                ["data"] = CellOutputs.Data(bundle, asLines: false), ["metadata"] = new JsonObject(), ["transient"] = new JsonObject { ["display_id"] = displayId },
            });
        }
    }

    public string Input(string prompt, bool password, CancellationToken cancellation)
    {
        Flush();
        return ask(prompt, password, cancellation);
    }

    /// <summary>Sends what is still gathered.</summary>
    public void Flush()
    {
        lock (gate) SendPending();
    }

    public void Dispose()
    {
        lock (gate)
        {
            SendPending();
            timer?.Dispose();
        }
    }

    private void SendPending()
    {
        timer?.Dispose();
        timer = null;
        if (pending.Length == 0) return;
        send("stream", new JsonObject { ["name"] = pendingName, ["text"] = pending.ToString() });
        pending.Clear();
    }
}
