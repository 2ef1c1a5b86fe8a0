using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Experiments;

namespace Flextron.Cli.Commands;

/// <summary><c>report</c>: what a run found.</summary>
internal sealed class ReportCommand : VerbCommand
{
    private readonly Argument<string> run = new("run") { Description = "Folder of a run." };

    public ReportCommand() : base("report", "Shows the results of a run and where its report is.", "", "report experiments/story656k/runs/reference", "report experiments/story656k/runs/reference --json") => Arguments.Add(run);

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(context.Get(run)));
        if (!RunRecord.IsRun(folder)) throw new FlextronException($"{context.Get(run)} is not a run: see `flextron list`.");
        return StudyVerbResult.Of(folder, TimeSpan.Zero);
    }
}
