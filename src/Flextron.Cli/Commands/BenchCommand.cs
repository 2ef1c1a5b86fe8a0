using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Benchmarks;

namespace Flextron.Cli.Commands;

/// <summary><c>bench</c>: measures this machine and what the library makes of it.</summary>
internal sealed class BenchCommand : VerbCommand
{
    private static readonly BenchmarkOptions Defaults = new();
    private readonly Argument<string[]> selected = new("group") { Description = $"Groups ({string.Join(", ", BenchmarkRunner.Groups)}) or single benchmarks as group/name; all where none is named.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<int> rounds = new("--rounds") { Description = "Rounds in which every case takes its turn.", HelpName = "n", DefaultValueFactory = _ => Defaults.Rounds };
    private readonly Option<string?> folder = new("--out") { Description = "Folder for benchmarks.json and benchmarks.md.", HelpName = "folder" };
    private readonly Option<string[]> compare = new("--compare") { Description = "Measure nothing; compare two earlier reports.", HelpName = "folder", Arity = new ArgumentArity(2, 2), AllowMultipleArgumentsPerToken = true };

    public BenchCommand() : base(
        "bench", "Measures speed: ratios to this machine's own limits first.",
        "Let the machine do nothing else meanwhile. Figures are medians over rounds with their quartiles; cases take turns and ratios are formed within a round. The exit code is 1 where a promised bound does not hold.",
        "bench decode --rounds 7 --out results",
        "bench --compare results-before results-after")
    {
        Arguments.Add(selected);
        foreach (Option option in (Option[])[rounds, folder, compare]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        if (context.Given(compare))
        {
            string[] paths = context.Get(compare);
            BenchmarkComparison comparison = BenchmarkComparison.OfFiles(paths[0], paths[1]);
            return new VerbResult(comparison, writer => writer.WriteLine(comparison.ToMarkdown()));
        }
        BenchmarkReport report = BenchmarkRunner.Run(context.Get(selected), Defaults with { Rounds = context.Get(rounds) }, context);
        if (context.Get(folder) is { } target) report.Write(target);
        return new VerbResult(report, writer => writer.WriteLine(report.ToMarkdown()), report.AllHold ? 0 : 1);
    }
}
