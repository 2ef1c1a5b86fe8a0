using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Flextron.Cli.CommandLine;
using Flextron.Native;
using Flextron.Storage;
using Flextron.Workbench.Display;
using Flextron.Workbench.Experiments;

namespace Flextron.Cli;

/// <summary>
/// Runs one command line. Whatever goes wrong becomes one line on standard error and an exit code: 1 for something the user can change, 2 for
/// a fault of the program, 130 for Ctrl-C.
/// </summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
/// <param name="display">Makes the display of progress, which writes to standard error.</param>
/// <param name="cancellation">Cancelled by Ctrl-C.</param>
/// <param name="input">Standard input; empty where null.</param>
internal sealed class CommandRunner(TextWriter output, TextWriter error, Func<IProgressDisplay> display, CancellationToken cancellation, TextReader? input = null)
{
    /// <summary>The variable that asks for stack traces.</summary>
    public const string TraceVariable = "FLEXTRON_TRACE";

    private readonly CommandLineOptions options = new();

    /// <summary>Parses and runs.</summary>
    /// <returns>The exit code.</returns>
    public int Run(string[] args)
    {
        Command root = VerbList.Root(options);
        // Texts may begin with @ or hold anything else: no response files, no bundled letters.
        var configuration = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        ParseResult parse = root.Parse(args.Length == 0 ? ["--help"] : args, configuration);
        if (parse.Action is ExampleHelp || (parse.Errors.Count == 0 && parse.Action is not null))
            return parse.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        if (parse.Errors.Count > 0 || MistypedOption(parse) is not null) return Fail(Explain(parse, root), 1);
        return parse.CommandResult.Command is VerbCommand verb ? Run(verb, parse) : Fail($"Name a verb: see '{Typed(parse.CommandResult)} --help'.", 1);
    }

    private int Run(VerbCommand verb, ParseResult parse)
    {
        try
        {
            if (verb.NeedsTorch && TorchRuntime.State is { Loaded: false } state)
                throw new FlextronException($"libtorch cannot be loaded: {state.Explanation} {state.Fix}");
            VerbResult result;
            using (IProgressDisplay shown = display())
                result = verb.Execute(new CommandContext(parse, options, input ?? TextReader.Null, output, shown, cancellation));
            if (parse.GetValue(options.Json)) output.WriteLine(JsonSerializer.Serialize(result.Json, FlextronJson.Compact));
            else result.Text(output);
            output.Flush();
            return result.ExitCode;
        }
        catch (FlextronException e)
        {
            Trace(e);
            return Fail(e.Message, 1);
        }
        catch (OperationCanceledException)
        {
            return Fail($"Stopped before the end: {verb.HowToGoOn}.", 130);
        }
        catch (Exception e)
        {
            Trace(e);
            return Fail($"{e.GetType().Name}: {FirstLine(e.Message)} (run with {TraceVariable}=1 for the stack trace)", 2);
        }
    }

    // What libtorch throws goes on with a native stack trace.
    private static string FirstLine(string message) => message.Trim().Split('\n', 2)[0].TrimEnd();

    private void Trace(Exception e)
    {
        if (Environment.GetEnvironmentVariable(TraceVariable) is { Length: > 0 }) error.WriteLine(e);
    }

    private int Fail(string message, int code)
    {
        error.WriteLine($"flextron: {message.ReplaceLineEndings(" ").Trim()}");
        error.Flush();
        return code;
    }

    private static string Explain(ParseResult parse, Command root)
    {
        Command command = parse.CommandResult.Command;
        string help = $"see '{Typed(parse.CommandResult)} --help'";
        if (MistypedOption(parse) is string option)
        {
            string[] known = [.. command.Options.Concat(root.Options).Select(o => o.Name)];
            return $"There is no option {option}: did you mean {NearestName.Find(option, known)}? ({help})";
        }
        if (parse.UnmatchedTokens is [string unknown, ..])
        {
            if (command is not VerbCommand)
                return $"There is no verb '{unknown}': did you mean {NearestName.Find(unknown, command.Subcommands.Select(c => c.Name))}? ({help})";
            return $"'{unknown}' is one word too many for {command.Name}: put texts with spaces in quotes ({help}).";
        }
        ParseError first = parse.Errors[0];
        if (first.SymbolResult is OptionResult { IdentifierTokenCount: > 1 } twice) return $"{twice.Option.Name} is given {twice.IdentifierTokenCount} times: give it once ({help}).";
        return first.SymbolResult is OptionResult { Implicit: false, Tokens: [.., var last] } given
            ? $"'{last.Value}' is not a possible value of {given.Option.Name} ({help})."
            : $"{first.Message.TrimEnd('.')} ({help}).";
    }

    // "flextron", "flextron run", "flextron notebook run".
    private static string Typed(CommandResult result) => result.Parent is CommandResult parent ? $"{Typed(parent)} {result.Command.Name}" : "flextron";

    // A word with dashes that is no option is first taken for the MODEL, where that is still missing.
    private static string? MistypedOption(ParseResult parse) =>
        parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens.Select(t => t.Value)).Concat(parse.UnmatchedTokens)
            .FirstOrDefault(word => word.Length > 1 && word[0] == '-');
}
