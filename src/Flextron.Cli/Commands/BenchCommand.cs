using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Benchmarks;

namespace Flextron.Cli.Commands;

/// <summary><c>bench</c>: speed of this project on this machine, as ratios.</summary>
internal sealed class BenchCommand : VerbCommand
{
    private readonly Argument<string[]> groups = new("group")
    {
        Description = $"Groups ({string.Join(", ", BenchmarkRunner.Groups)}) or single benchmarks as group/name; none means all.", Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<int> rounds = new("--rounds") { Description = "Rounds in which every case runs once in turn.", HelpName = "n", DefaultValueFactory = _ => new BenchmarkOptions().Rounds };
    private readonly Option<string?> folder = new("--out") { Description = "Folder for benchmarks.json and benchmarks.md.", HelpName = "dir" };

    public BenchCommand() : base(
        "bench", "Measures how fast this project is on this machine.",
        "Cases take turns and ratios are formed within a round, beside the machine's own limits. The exit code is 1 where a promised bound does not hold; leave the machine alone meanwhile.",
        "bench", "bench slices training/step --out results", "bench machine --json")
    {
        Arguments.Add(groups);
        Options.Add(rounds);
        Options.Add(folder);
    }

    public override VerbResult Execute(CommandContext context)
    {
        BenchmarkReport report = BenchmarkRunner.Run(context.Get(groups), new BenchmarkOptions { Rounds = context.Get(rounds) }, context);
        if (context.Get(folder) is { } target) report.Write(target);
        return new VerbResult(report, writer => writer.Write(report.ToMarkdown()), report.AllHold ? 0 : 1);
    }
}
