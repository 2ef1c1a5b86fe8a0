using System.Reflection;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Sessions;

namespace Flextron.Notebooks.Jupyter;

/// <summary>A Jupyter kernel: serves front ends (VS Code, Jupyter) over ZeroMQ with one <see cref="NotebookSession"/>.</summary>
/// <remarks>Protocol 5.3. Cells run one after another; everything else is answered at once, also while a cell runs.</remarks>
public sealed class JupyterKernel : IDisposable
{
    private readonly string id = Guid.NewGuid().ToString("N");
    private readonly KernelSockets sockets;
    private readonly Task<NotebookSession> session;
    private readonly Channel<JupyterMessage> cells = Channel.CreateUnbounded<JupyterMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Action<string> log;
    private int executionCount;
    private volatile TaskCompletionSource<string>? question;
    private volatile bool stopping;

    /// <summary>Binds the sockets and begins to warm up.</summary>
    /// <param name="connection">Where front ends expect the kernel.</param>
    /// <param name="workingDirectory">The notebook's folder.</param>
    /// <param name="log">Told of what goes wrong between kernel and front end.</param>
    /// <exception cref="FlextronException">A port is taken.</exception>
    public JupyterKernel(ConnectionInfo connection, string workingDirectory, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(connection);
        this.log = log;
        sockets = new KernelSockets(connection.Validated(), OnReceived, log);
        session = Task.Run(() => new NotebookSession(workingDirectory));
        _ = WarmUpAsync();
    }

    /// <summary>Serves until a front end asks to shut down, or the token is cancelled.</summary>
    public void Run(CancellationToken cancellation = default)
    {
        using CancellationTokenRegistration stop = cancellation.Register(Stop);
        Publish("status", new JsonObject { ["execution_state"] = "starting" }, null);
        Task worker = Task.Run(ExecuteAllAsync, CancellationToken.None);
        sockets.Run();
        cells.Writer.TryComplete();
        // A cell that does not let itself be stopped must not keep the process.
        worker.Wait(TimeSpan.FromSeconds(2), CancellationToken.None);
    }

    /// <summary>Asks the running cell to stop.</summary>
    public void Interrupt()
    {
        if (session.IsCompletedSuccessfully) session.Result.Interrupt();
    }

    /// <summary>Waits for messages of kernels that are disposed already to reach their front ends; for the end of a process.</summary>
    public static void SendWhatIsLeft() => NetMQ.NetMQConfig.Cleanup(block: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        sockets.Dispose();
        if (session.IsCompletedSuccessfully) session.Result.Dispose();
    }

    private async Task WarmUpAsync()
    {
        NotebookSession ready = await session.ConfigureAwait(false);
        ready.WarmUp();
        // The first completion loads the language service, which front ends do not wait long for.
        await ready.CompleteAsync("Conso", 5).ConfigureAwait(false);
    }

    /// <summary>Ends <see cref="Run"/> once everything is sent.</summary>
    public void Stop()
    {
        stopping = true;
        Interrupt();
        sockets.Stop();
    }

    // On the sockets' thread: nothing here may take long.
    private void OnReceived(KernelChannel channel, JupyterMessage message)
    {
        if (channel == KernelChannel.Stdin)
        {
            if (message.Type == "input_reply") question?.TrySetResult(message.Text("value"));
        }
        else if (message.Type == "execute_request" && channel == KernelChannel.Shell)
        {
            cells.Writer.TryWrite(message);
        }
        else if (message.Type is "interrupt_request" or "shutdown_request")
        {
            Answer(channel, message, message.Type == "interrupt_request" ? [] : new JsonObject { ["restart"] = message.Flag("restart", false) });
            if (message.Type == "interrupt_request") Interrupt();
            else Stop();
        }
        else
        {
            _ = Task.Run(() => AnswerAsync(channel, message));
        }
    }

    private void Answer(KernelChannel channel, JupyterMessage request, JsonObject content)
    {
        Status("busy", request);
        Reply(channel, request, content);
        Status("idle", request);
    }

    private async Task AnswerAsync(KernelChannel channel, JupyterMessage request)
    {
        Status("busy", request);
        try
        {
            if (await ContentAsync(request).ConfigureAwait(false) is { } content) Reply(channel, request, content);
        }
        catch (Exception e)
        {
            log($"{request.Type}: {e.GetBaseException().Message}");
            Reply(channel, request, CellOutputs.ErrorContent(new CellError(e.GetType().Name, e.Message, [e.Message], 0)), "error");
        }
        finally
        {
            Status("idle", request);
        }
    }

    private async Task<JsonObject?> ContentAsync(JupyterMessage request)
    {
        string code = request.Text("code");
        int cursor = CodePoints.ToIndex(code, request.Number("cursor_pos"));
        switch (request.Type)
        {
            case "kernel_info_request":
                return KernelInfo();
            case "is_complete_request":
                string state = NotebookSession.Completeness(code);
                return state == "incomplete" ? new JsonObject { ["status"] = state, ["indent"] = "" } : new JsonObject { ["status"] = state };
            case "complete_request":
                return Completions(code, await (await session.ConfigureAwait(false)).CompleteAsync(code, cursor).ConfigureAwait(false));
            case "inspect_request":
                string? found = await (await session.ConfigureAwait(false)).DescribeAsync(code, cursor).ConfigureAwait(false);
                JsonObject data = found is null ? [] : new JsonObject { ["text/plain"] = found };
                return new JsonObject { ["found"] = found is not null, ["data"] = data, ["metadata"] = new JsonObject() };
            case "history_request":
                return new JsonObject { ["history"] = new JsonArray() };
            case "comm_info_request":
                return new JsonObject { ["comms"] = new JsonObject() };
            case "comm_open":
                // This kernel has no widgets: the front end must know that nobody is at the other end.
                Publish("comm_close", new JsonObject { ["comm_id"] = request.Text("comm_id"), ["data"] = new JsonObject() }, request);
                return null;
            default:
                if (request.Type.EndsWith("_request", StringComparison.Ordinal)) throw new NotSupportedException($"{request.Type} is not known to this kernel.");
                return null;
        }
    }

    private async Task ExecuteAllAsync()
    {
        await foreach (JupyterMessage request in cells.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (stopping) return;
            try
            {
                bool failed = await ExecuteAsync(request).ConfigureAwait(false);
                if (failed && request.Flag("stop_on_error", true)) AbortWaiting();
            }
            catch (Exception e)
            {
                log($"execute_request: {e}");
            }
        }
    }

    private async Task<bool> ExecuteAsync(JupyterMessage request)
    {
        string code = request.Text("code");
        bool silent = request.Flag("silent", false);
        if (!silent && request.Flag("store_history", true)) executionCount++;
        Status("busy", request);
        CellError? error;
        JsonObject answers = [];
        // Not disposed: tasks that a cell has started may write on, and their text is still sent.
        var output = new KernelOutput(
            (type, content) => { if (!silent) Publish(type, content, request); },
            (prompt, password, cancellation) => Ask(request, prompt, password, cancellation), executionCount);
        if (!silent) Publish("execute_input", new JsonObject { ["code"] = code, ["execution_count"] = executionCount }, request);
        NotebookSession ready = await session.ConfigureAwait(false);
        error = (await ready.RunAsync(code, executionCount, output).ConfigureAwait(false)).Error;
        output.Flush();
        if (error is null) answers = await UserExpressions.EvaluateAsync(ready, request.Content["user_expressions"] as JsonObject).ConfigureAwait(false);
        else if (!silent) Publish("error", CellOutputs.ErrorContent(error), request);
        JsonObject reply = error is null ? new JsonObject { ["user_expressions"] = answers, ["payload"] = new JsonArray() } : CellOutputs.ErrorContent(error);
        reply["execution_count"] = executionCount;
        Reply(KernelChannel.Shell, request, reply, error is null ? "ok" : "error");
        Status("idle", request);
        return error is not null;
    }

    // What was sent together with a cell that failed ("run all") does not run.
    private void AbortWaiting()
    {
        while (cells.Reader.TryRead(out JupyterMessage? waiting))
        {
            Status("busy", waiting);
            Reply(KernelChannel.Shell, waiting, new JsonObject { ["execution_count"] = executionCount }, "aborted");
            Status("idle", waiting);
        }
    }

    private string Ask(JupyterMessage request, string prompt, bool password, CancellationToken cancellation)
    {
        if (!request.Flag("allow_stdin", false)) throw new FlextronException($"input(\"{prompt}\") has nobody to ask: this front end takes no input.");
        var asked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        question = asked;
        sockets.Send(KernelChannel.Stdin, JupyterMessage.Create("input_request", id, new JsonObject { ["prompt"] = prompt, ["password"] = password }, request));
        asked.Task.Wait(cancellation);
        return asked.Task.Result;
    }

    private static JsonObject Completions(string code, CodeCompletions found)
    {
        int start = CodePoints.FromIndex(code, found.Start), end = CodePoints.FromIndex(code, found.End);
        return new JsonObject
        {
            ["matches"] = new JsonArray([.. found.Items.Select(i => (JsonNode?)i.Text)]), ["cursor_start"] = start, ["cursor_end"] = end,
            ["metadata"] = new JsonObject
            {
                ["_jupyter_types_experimental"] = new JsonArray([.. found.Items.Select(i => (JsonNode?)new JsonObject { ["text"] = i.Text, ["type"] = i.Kind, ["start"] = start, ["end"] = end })]),
            },
        };
    }

    private static JsonObject KernelInfo()
    {
        string version = typeof(JupyterKernel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
        return new JsonObject
        {
            ["protocol_version"] = JupyterMessage.ProtocolVersion, ["implementation"] = "flextron", ["implementation_version"] = version,
            ["banner"] = $"Flextron.Research {version}: C# on .NET {Environment.Version}", ["help_links"] = new JsonArray(), ["debugger"] = false,
            ["language_info"] = new JsonObject
            {
                ["name"] = "C#", ["version"] = "14.0", ["mimetype"] = "text/x-csharp", ["file_extension"] = ".cs", ["pygments_lexer"] = "csharp", ["codemirror_mode"] = "text/x-csharp",
            },
        };
    }

    private void Status(string state, JupyterMessage request) => Publish("status", new JsonObject { ["execution_state"] = state }, request);

    private void Publish(string type, JsonObject content, JupyterMessage? request) =>
        sockets.Send(KernelChannel.IoPub, JupyterMessage.Create(type, id, content, request, [System.Text.Encoding.UTF8.GetBytes($"kernel.{id}.{type}")]));

    private void Reply(KernelChannel channel, JupyterMessage request, JsonObject content, string status = "ok")
    {
        content.TryAdd("status", JsonValue.Create(status));
        sockets.Send(channel, JupyterMessage.Create(request.Type.Replace("_request", "_reply", StringComparison.Ordinal), id, content, request));
    }
}
