using System.Text.Json;
using Flextron.Cli.CommandLine;
using Flextron.Cli;
using Flextron.Workbench.Display;

namespace Flextron.Tests.Cli;

/// <summary>One call of the program with its output.</summary>
internal sealed record CliRun(int Code, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static CliRun Of(params string[] args) => Of(args, error => new PlainProgressDisplay(error, TimeProvider.System), CancellationToken.None);

    /// <summary>A call that is stopped as by Ctrl-C once a stage has come so far.</summary>
    public static CliRun Stopped(string stage, long at, params string[] args)
    {
        using var stop = new CancellationTokenSource();
        return Of(args, _ => new StoppingDisplay(stop, stage, at), stop.Token);
    }

    /// <summary>A call that lines are typed into while it runs.</summary>
    public static CliRun Typing(string[] lines, params string[] args)
    {
        using var input = new StringReader(string.Join('\n', lines));
        return Of(args, error => new PlainProgressDisplay(error, TimeProvider.System), CancellationToken.None, input);
    }

    private static CliRun Of(string[] args, Func<TextWriter, IProgressDisplay> display, CancellationToken cancellation, TextReader? input = null)
    {
        using StringWriter output = new(), error = new();
        int code = new CommandRunner(output, error, () => display(error), cancellation, input).Run(args);
        return new CliRun(code, output.ToString(), error.ToString());
    }

    /// <summary>A call with <c>--json</c> that must succeed and write exactly one object.</summary>
    public static JsonElement JsonOf(params string[] args)
    {
        CliRun run = Of([.. args, "--json"]);
        Assert.True(run.Code == 0, $"{string.Join(' ', args)}: {run.Error}");
        Assert.Single(run.Output.TrimEnd('\n').Split('\n'));
        Assert.Equal(JsonValueKind.Object, run.Json.ValueKind);
        return run.Json;
    }

    /// <summary>A call that must be refused with one sentence and nothing on standard output.</summary>
    public static string Refusal(params string[] args)
    {
        CliRun run = Of(args);
        Assert.Equal(1, run.Code);
        Assert.Equal("", run.Output);
        string line = Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("flextron: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        return line;
    }
}
