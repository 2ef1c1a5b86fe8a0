using System.Text.Json.Nodes;
using Flextron.Notebooks.Jupyter;
using Flextron.Tests.Cli;

namespace Flextron.Tests.Notebooks;

public sealed class KernelSpecTests
{
    [Fact]
    public void Install_writes_what_front_ends_read_and_uninstall_takes_it_away()
    {
        using var folder = new TemporaryFolder();
        CliRun.JsonOf("notebook", "install", "--kernels", folder.Path);
        string file = Path.Combine(folder.Path, ".net-csharp", "kernel.json");
        JsonNode spec = JsonNode.Parse(File.ReadAllText(file))!;
        string[] argv = [.. spec["argv"]!.AsArray().Select(a => (string)a!)];
        Assert.Equal(["notebook", "kernel", "--connection-file", "{connection_file}"], argv[^4..]);
        Assert.True(File.Exists(argv[0]));
        Assert.Equal((".NET (C#)", "C#", "message"), ((string?)spec["display_name"], (string?)spec["language"], (string?)spec["interrupt_mode"]));
        Assert.True(new KernelSpec(folder.Path).State() is { IsOurs: true, ExecutableExists: true });
        Assert.True(CliRun.JsonOf("notebook", "uninstall", "--kernels", folder.Path).GetProperty("removed").GetBoolean());
        Assert.False(Directory.Exists(Path.GetDirectoryName(file)));
        Assert.False(CliRun.JsonOf("notebook", "uninstall", "--kernels", folder.Path).GetProperty("removed").GetBoolean());
    }

    [Fact]
    public void Another_programs_kernel_is_not_removed()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder[".net-csharp"]);
        File.WriteAllText(Path.Combine(folder[".net-csharp"], "kernel.json"), """{"argv":["dotnet","interactive","jupyter","{connection_file}"]}""");
        Assert.Contains("belongs to another program", CliRun.Refusal("notebook", "uninstall", "--kernels", folder.Path));
    }

    [Theory]
    [InlineData("""{"ip":"0.0.0.0","shell_port":1,"control_port":2,"stdin_port":3,"iopub_port":4,"hb_port":5}""", "listens on this machine's own address")]
    [InlineData("""{"ip":"10.0.0.1","shell_port":1,"control_port":2,"stdin_port":3,"iopub_port":4,"hb_port":5}""", "listens on this machine's own address")]
    [InlineData("""{"ip":"127.0.0.1","shell_port":0,"control_port":2,"stdin_port":3,"iopub_port":4,"hb_port":5}""", "names the port 0")]
    [InlineData("""{"transport":"ipc"}""", "only tcp is known")]
    [InlineData("""{"signature_scheme":"hmac-md5"}""", "only hmac-sha256 is known")]
    [InlineData("[]", "is not a readable connection file")]
    public void Connection_files_that_ask_for_too_much_are_refused(string text, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["c.json"], text);
        Assert.Contains(message, CliRun.Refusal("notebook", "kernel", "--connection-file", folder["c.json"]));
    }
}
