using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.RunReports;

namespace Flextron.Cli.Commands;

/// <summary><c>report</c>: what a run found.</summary>
internal sealed class ReportCommand : VerbCommand
{
    private readonly Argument<string> run = new("run") { Description = "Folder of a run." };

    public ReportCommand() : base(
        "report", "Shows the results of a run and writes its report as one page that opens offline.",
        "A finished run's page is made of its report.md where it is not there, as in a fresh clone; of any other run the page says how far it came.",
        "report experiments/story656k/runs/reference", "report experiments/story656k/runs/reference --json") => Arguments.Add(run);

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        RunRecord record = RunArgument.Open(context.Get(run));
        (string page, bool made) = RunReport.Of(record);
        if (made) context.Message($"wrote {page}");
        return StudyVerbResult.Of(record.Folder, TimeSpan.Zero);
    }
}
