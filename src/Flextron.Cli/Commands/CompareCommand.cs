using System.CommandLine;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Experiments;

namespace Flextron.Cli.Commands;

/// <summary><c>compare</c>: two runs side by side.</summary>
internal sealed class CompareCommand : VerbCommand
{
    private readonly Argument<string> first = new("run") { Description = "Folder of a run." };
    private readonly Argument<string> second = new("other") { Description = "Folder of another." };

    public CompareCommand() : base(
        "compare", "Shows how the results of two runs differ, with intervals where both have them.",
        "Intervals are Welch's 95 %: windows of text count as independent samples, and say nothing about other seeds.",
        "compare experiments/story656k/runs/reference experiments/story656k/runs/20260101-120000-abcdef")
    {
        Arguments.Add(first);
        Arguments.Add(second);
    }

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        RunComparison comparison = RunComparison.Compare(Open(context.Get(first)), Open(context.Get(second)));
        return new VerbResult(comparison, writer => writer.WriteLine(comparison.ToMarkdown()));
    }

    private static RunRecord Open(string path)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return RunRecord.IsRun(folder) ? RunRecord.Open(folder) : throw new FlextronException($"{path} is not a run: see `flextron list`.");
    }
}
