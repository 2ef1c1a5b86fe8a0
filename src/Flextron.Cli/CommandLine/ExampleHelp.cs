using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Flextron.Cli.CommandLine;

/// <summary>The usual help text, then the verb's examples.</summary>
internal sealed class ExampleHelp(HelpAction usual) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int code = usual.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is VerbCommand verb)
        {
            if (verb.Details.Length > 0) output.WriteLine($"Notes:\n  {verb.Details}\n");
            output.WriteLine("Examples:");
            foreach (string example in verb.Examples) output.WriteLine($"  flextron {example}");
        }
        else
        {
            output.WriteLine("Run 'flextron VERB --help' for a verb's options and examples.");
        }
        return code;
    }
}
