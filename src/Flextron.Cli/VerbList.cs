using System.CommandLine;
using System.CommandLine.Help;
using Flextron.Cli.CommandLine;
using Flextron.Cli.Commands;

namespace Flextron.Cli;

/// <summary>All verbs. A new one is a file in Commands and a line here.</summary>
internal static class VerbList
{
    /// <summary>Fresh instances in the order that <c>--help</c> shows.</summary>
    public static Command[] All() =>
    [
        new DoctorCommand(),
        new QuickstartCommand(),
        new InspectCommand(),
        new TokenizeCommand(),
        new ScoreCommand(),
        new GenerateCommand(),
        new RankCommand(),
        new ElastifyCommand(),
        new TransferCommand(),
        new TrainCommand(),
        new ProfileCommand(),
        new RouteCommand(),
        new SelectCommand(),
        new EvaluateCommand(),
        new ModCommand(),
        new DropCommand(),
        new PlanCommand(),
        new DataCommand(),
        new ExportCommand(),
        new ConvertCommand(),
        new RunCommand(),
        new ListCommand(),
        new ReportCommand(),
        new CompareCommand(),
        new RerunCommand(),
        new NotebookCommand(),
        new PretrainCommand(),
        new BenchCommand(),
    ];

    /// <summary>The program with its verbs and global options.</summary>
    public static Command Root(CommandLineOptions options)
    {
        var root = new Command("flextron", "Turns a pretrained language model into an elastic one: many sub-networks in one set of weights (FLEXTRON, ICML 2024).");
        var help = new HelpOption();
        help.Action = new ExampleHelp((HelpAction)help.Action!);
        root.Options.Add(help);
        root.Options.Add(new VersionOption());
        options.AddTo(root);
        foreach (Command verb in All()) root.Subcommands.Add(verb);
        return root;
    }
}
