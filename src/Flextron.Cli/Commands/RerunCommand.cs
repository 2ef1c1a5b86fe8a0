using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Reruns;

namespace Flextron.Cli.Commands;

/// <summary><c>rerun</c>: repeats a run and says which numbers agree.</summary>
internal sealed class RerunCommand : VerbCommand
{
    private static readonly RerunOptions Defaults = new();
    private readonly Argument<string> run = new("run") { Description = "Folder of a finished run." };
    private readonly Option<string?> name = new("--name") { Description = "Name of the new run [default: time and settings].", HelpName = "name" };
    private readonly Option<double> tolerance = new("--tolerance") { Description = "How far apart numbers may be, times the larger of 1 and their size; 0 asks for the same bits.", HelpName = "x", DefaultValueFactory = _ => Defaults.Tolerance };
    private readonly Option<int?> threads = new("--threads") { Description = "Threads to compute with [default: as recorded].", HelpName = "n" };
    private readonly Option<bool> changedInputs = new("--changed-inputs") { Description = "Go on where data or models are not those recorded." };

    public RerunCommand() : base(
        "rerun", "Repeats a run from its recorded settings and says which numbers agree.",
        "Everything is computed again, with the number of threads that each stage was computed with, from data whose hashes are those recorded. On one kind of processor everything before the latency table "
        + "repeats bit for bit; on another, kernels add in another order. Latencies and what they decide are shown beside the recorded ones and not expected to repeat. Exit code 1: something that should repeat does not.",
        "rerun experiments/joint-stories260k/runs/reference",
        "rerun experiments/stories260k/runs/reference --tolerance 0 --json")
    {
        Arguments.Add(run);
        foreach (Option option in (Option[])[name, tolerance, threads, changedInputs]) Options.Add(option);
    }

    public override string HowToGoOn => "finished stages are kept; run the same command again, with another --name where one was given";

    public override VerbResult Execute(CommandContext context)
    {
        context.RequireCpuFloat32();
        RerunReport report = Rerun.Run(
            RunArgument.Open(context.Get(run)),
            new RerunOptions { Tolerance = context.Get(tolerance), Threads = context.Get(threads), AcceptsChangedInputs = context.Get(changedInputs) },
            context.RunOptions($"rerun {context.Get(run)}") with { Name = context.Get(name) });
        return new VerbResult(report, writer => writer.WriteLine(report.ToMarkdown()), report.Agrees ? 0 : 1);
    }
}
