using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Flextron.Notebooks.Jupyter;
using Flextron.Notebooks.Sessions;

namespace Flextron.Tests.Notebooks;

public sealed class KernelTests : IDisposable
{
    private readonly RunningKernel kernel = new();

    private KernelClient Client => kernel.Client;

    public void Dispose() => kernel.Dispose();

    private static string[] Types(IEnumerable<JupyterMessage> messages) =>
        [.. messages.Select(m => m.Type == "status" ? m.Text("execution_state") : m.Type)];

    [Fact]
    public void A_cell_is_framed_by_busy_and_idle_and_shows_in_order()
    {
        string id = Client.Execute("Console.Write(\"a\"); display(HTML(\"<b>b</b>\")); Console.Error.Write(\"c\"); 1 + 1");
        List<JupyterMessage> shown = Client.UntilIdle(id);
        Assert.Equal(["busy", "execute_input", "stream", "display_data", "stream", "execute_result", "idle"], Types(shown));
        Assert.Equal("a", shown[2].Text("text"));
        Assert.Equal("<b>b</b>", (string?)shown[3].Content["data"]!["text/html"]);
        Assert.Equal(("stderr", "c"), (shown[4].Text("name"), shown[4].Text("text")));
        Assert.Equal("2", (string?)shown[5].Content["data"]!["text/plain"]);
        Assert.Equal(1, shown[5].Number("execution_count"));
        JupyterMessage reply = Client.Reply(KernelChannel.Shell, id);
        Assert.Equal(("execute_reply", "ok", 1), (reply.Type, reply.Text("status"), reply.Number("execution_count")));
    }

    [Fact]
    public void The_kernel_describes_itself_and_its_heart_beats()
    {
        Assert.Equal("kernel_info_reply", kernel.Info.Type);
        Assert.Equal(("5.3", "flextron", "C#"), (kernel.Info.Text("protocol_version"), kernel.Info.Text("implementation"), (string?)kernel.Info.Content["language_info"]!["name"]));
        Assert.Equal("still there", Client.Beat("still there"));
    }

    [Fact]
    public void Errors_name_the_cell_and_abort_what_waits()
    {
        string first = Client.Execute("System.Threading.Thread.Sleep(300);\nthrow new InvalidOperationException(\"no\");"), second = Client.Execute("1");
        List<JupyterMessage> shown = Client.UntilIdle(first);
        Assert.Equal(["busy", "execute_input", "error", "idle"], Types(shown));
        Assert.Equal(("InvalidOperationException", "no"), (shown[2].Text("ename"), shown[2].Text("evalue")));
        Assert.Equal(["InvalidOperationException: no", "   at cell 1, line 2"], shown[2].Content["traceback"]!.AsArray().Select(l => (string)l!));
        Assert.Equal("error", Client.Reply(KernelChannel.Shell, first).Text("status"));
        Assert.Equal("aborted", Client.Reply(KernelChannel.Shell, second).Text("status"));
        Assert.Equal(["busy", "idle"], Types(Client.UntilIdle(second)));
    }

    [Fact]
    public void Wrong_signatures_and_malformed_messages_are_dropped()
    {
        JupyterMessage request = JupyterMessage.Create("execute_request", "x", new JsonObject { ["code"] = "Environment.Exit(3);" });
        Client.SendFrames(KernelChannel.Shell, new MessageWire("another key").Encode(request));
        Client.SendFrames(KernelChannel.Shell, new MessageWire("").Encode(request));
        Client.SendFrames(KernelChannel.Shell, [Encoding.UTF8.GetBytes("nonsense")]);
        Client.SendFrames(KernelChannel.Control, [[], [0xff], "<IDS|MSG>"u8.ToArray(), [1, 2, 3]]);
        IReadOnlyList<byte[]> frames = new MessageWire("secret").Encode(request);
        byte[][] changed = [.. frames];
        changed[^1] = Encoding.UTF8.GetBytes("{\"code\":\"Environment.Exit(4);\"}");
        Client.SendFrames(KernelChannel.Shell, changed);
        Client.SendFrames(KernelChannel.Shell, Signed("[1]"));
        Client.SendFrames(KernelChannel.Shell, Signed("{\"code\":"));
        Client.SendFrames(KernelChannel.Shell, Signed("{\"code\":17,\"silent\":\"?\"}"));
        string id = Client.Execute("5");
        Assert.Contains("execute_result", Types(Client.UntilIdle(id)));
        lock (kernel.Log) Assert.Equal(7, kernel.Log.Count(l => l.StartsWith("dropped on ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Unknown_requests_are_answered_with_an_error()
    {
        string id = Client.Send(KernelChannel.Shell, "dance_request", []);
        JupyterMessage reply = Client.Reply(KernelChannel.Shell, id);
        Assert.Equal(("dance_reply", "error"), (reply.Type, reply.Text("status")));
        Assert.Equal(["busy", "idle"], Types(Client.UntilIdle(id)));
    }

    [Fact]
    public void Huge_output_arrives_whole_in_few_messages_and_beyond_a_limit_is_cut()
    {
        string id = Client.Execute("for (int i = 0; i < 200_000; i++) Console.WriteLine(i);");
        JupyterMessage[] streams = [.. Client.UntilIdle(id).Where(m => m.Type == "stream")];
        Assert.Equal(string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i}\n")), string.Concat(streams.Select(m => m.Text("text"))));
        Assert.InRange(streams.Length, 2, 200);
        id = Client.Execute("var line = new string('x', 100_000); for (int i = 0; i < 50; i++) Console.WriteLine(line); line");
        List<JupyterMessage> shown = Client.UntilIdle(id);
        string all = string.Concat(shown.Where(m => m.Type == "stream").Select(m => m.Text("text")));
        Assert.Equal(ConsoleLimit.Longest + ConsoleLimit.Notice.Length, all.Length);
        Assert.Equal(100_000, ((string)shown.Single(m => m.Type == "execute_result").Content["data"]!["text/plain"]!).Length);
    }

    [Fact]
    public void A_running_cell_is_interrupted_and_the_kernel_answers_meanwhile()
    {
        Client.UntilIdle(Client.Execute("var kept = 3;"));
        string id = Client.Execute("Console.Write(\"on\"); while (true) { }");
        while (Client.Receive(KernelChannel.IoPub)!.Type != "stream")
        {
        }
        var clock = Stopwatch.StartNew();
        string info = Client.Send(KernelChannel.Shell, "kernel_info_request", []);
        Client.Reply(KernelChannel.Shell, info);
        string interrupt = Client.Send(KernelChannel.Control, "interrupt_request", []);
        Assert.Equal("ok", Client.Reply(KernelChannel.Control, interrupt).Text("status"));
        JupyterMessage error = Client.UntilIdle(id).Single(m => m.Type == "error");
        Assert.Equal("Interrupted", error.Text("ename"));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.5, 30);
        id = Client.Execute("kept");
        Assert.Equal("3", (string?)Client.UntilIdle(id).Single(m => m.Type == "execute_result").Content["data"]!["text/plain"]);
    }

    [Fact]
    public void Questions_reach_the_user_and_are_refused_where_there_is_none()
    {
        string id = Client.Execute("var name = input(\"Name: \"); name.ToUpper()", allowStdin: true);
        JupyterMessage question = Client.Receive(KernelChannel.Stdin)!;
        Assert.Equal(("input_request", "Name: ", false, id), (question.Type, question.Text("prompt"), question.Flag("password", true), KernelClient.ParentOf(question)));
        Client.Send(KernelChannel.Stdin, "input_reply", new JsonObject { ["value"] = "ada", ["status"] = "ok" });
        Assert.Equal("ADA", (string?)Client.UntilIdle(id).Single(m => m.Type == "execute_result").Content["data"]!["text/plain"]);
        id = Client.Execute("input(\"?\")");
        Assert.Contains("has nobody to ask", Client.UntilIdle(id).Single(m => m.Type == "error").Text("evalue"));
        // A question that is not answered can be interrupted.
        id = Client.Execute("password(\"Secret\")", allowStdin: true);
        Assert.True(Client.Receive(KernelChannel.Stdin)!.Flag("password", false));
        Client.Send(KernelChannel.Control, "interrupt_request", []);
        Assert.Equal("Interrupted", Client.UntilIdle(id).Single(m => m.Type == "error").Text("ename"));
    }

    [Fact]
    public void Completion_inspection_and_completeness()
    {
        Client.UntilIdle(Client.Execute("var numbers = new List<int>();"));
        // Jupyter counts code points: the picture before is two UTF-16 units.
        string id = Client.Send(KernelChannel.Shell, "complete_request", new JsonObject { ["code"] = "/*😀*/ numbers.AddR", ["cursor_pos"] = 18 });
        JupyterMessage reply = Client.Reply(KernelChannel.Shell, id);
        Assert.Equal(["AddRange"], reply.Content["matches"]!.AsArray().Select(m => (string)m!));
        Assert.Equal((14, 18), (reply.Number("cursor_start"), reply.Number("cursor_end")));
        id = Client.Send(KernelChannel.Shell, "inspect_request", new JsonObject { ["code"] = "numbers.Clear()", ["cursor_pos"] = 10, ["detail_level"] = 0 });
        reply = Client.Reply(KernelChannel.Shell, id);
        Assert.True(reply.Flag("found", false));
        Assert.Contains("List<int>.Clear()", (string?)reply.Content["data"]!["text/plain"]);
        id = Client.Send(KernelChannel.Shell, "is_complete_request", new JsonObject { ["code"] = "if (true) {" });
        Assert.Equal("incomplete", Client.Reply(KernelChannel.Shell, id).Text("status"));
    }

    [Fact]
    public void Silent_cells_show_nothing_and_user_expressions_are_evaluated()
    {
        string id = Client.Execute("var s = 4; Console.Write(s); s", silent: true, expressions: new JsonObject { ["twice"] = "s * 2", ["bad"] = "nothing" });
        Assert.Equal(["busy", "idle"], Types(Client.UntilIdle(id)));
        JsonNode answers = Client.Reply(KernelChannel.Shell, id).Content["user_expressions"]!;
        Assert.Equal("8", (string?)answers["twice"]!["data"]!["text/plain"]);
        Assert.Equal("error", (string?)answers["bad"]!["status"]);
    }

    [Fact]
    public void Updates_carry_the_identifier_of_their_display()
    {
        string id = Client.Execute("var d = display(1); d.Update(2);");
        List<JupyterMessage> shown = Client.UntilIdle(id);
        Assert.Equal(["busy", "execute_input", "display_data", "update_display_data", "idle"], Types(shown));
        Assert.Equal((string?)shown[2].Content["transient"]!["display_id"], (string?)shown[3].Content["transient"]!["display_id"]);
    }

    [Fact]
    public void Late_writers_keep_their_cell_and_comms_are_closed()
    {
        string id = Client.Execute("_ = Task.Run(async () => { await Task.Delay(200); Console.Write(\"late\"); });");
        Client.UntilIdle(id);
        JupyterMessage late = Client.Receive(KernelChannel.IoPub)!;
        Assert.Equal(("stream", "late", id), (late.Type, late.Text("text"), KernelClient.ParentOf(late)));
        id = Client.Send(KernelChannel.Shell, "comm_open", new JsonObject { ["comm_id"] = "c", ["target_name"] = "widget" });
        Assert.Equal(["busy", "comm_close", "idle"], Types(Client.UntilIdle(id)));
    }

    [Fact]
    public void Shutting_down_ends_the_kernel_and_a_restarted_one_is_empty()
    {
        Client.UntilIdle(Client.Execute("var gone = 1;"));
        Client.Execute("while (true) { }");
        string id = Client.Send(KernelChannel.Control, "shutdown_request", new JsonObject { ["restart"] = true });
        JupyterMessage reply = Client.Reply(KernelChannel.Control, id);
        Assert.True(reply.Flag("restart", false));
        Assert.True(kernel.Ended(TimeSpan.FromSeconds(20)));
        using var again = new RunningKernel();
        id = again.Client.Execute("gone");
        Assert.Contains("CS0103", again.Client.UntilIdle(id).Single(m => m.Type == "error").Text("evalue"));
    }

    private static IReadOnlyList<byte[]> Signed(string content)
    {
        JupyterMessage request = JupyterMessage.Create("execute_request", "x", []);
        byte[][] frames = [.. new MessageWire("secret").Encode(request)];
        frames[^1] = Encoding.UTF8.GetBytes(content);
        byte[] text = [.. frames[^4], .. frames[^3], .. frames[^2], .. frames[^1]];
        frames[^5] = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData("secret"u8, text)));
        return frames;
    }
}
