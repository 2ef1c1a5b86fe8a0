using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Cli.Commands;

/// <summary><c>quickstart</c>: the whole method on the embedded base.</summary>
internal sealed class QuickstartCommand : VerbCommand
{
    private readonly Option<string> folder = new("--out") { Description = "Folder of the experiment.", HelpName = "dir", DefaultValueFactory = _ => Path.Combine("runs", "quickstart") };
    private readonly Option<bool> smoke = new("--smoke") { Description = "Next to no work in every stage, to see that all of them run; the numbers then mean nothing." };

    public QuickstartCommand() : base(
        "quickstart", "Runs the whole method on the embedded base model: a few minutes on two cores.",
        "Ranking, permutation, joint training, latency table, surrogate and routers, selection, benchmarks, report. Stages that are finished are not computed again.",
        "quickstart",
        "quickstart --out my-first-run --seed 7",
        "quickstart --smoke --json")
    {
        Options.Add(folder);
        Options.Add(smoke);
    }

    public override string HowToGoOn => "finished stages are kept; run the same command again";

    public override VerbResult Execute(CommandContext context)
    {
        context.RequireCpuFloat32();
        var clock = Stopwatch.StartNew();
        StudySettings settings = QuickstartStudy.Settings(context.Seed);
        if (context.Get(smoke)) settings = QuickstartStudy.Smoke(settings);
        ExperimentFolder experiment = QuickstartStudy.Prepare(context.Get(folder), settings);
        string run = FlextronStudy.Run(experiment, settings, context.RunOptions($"quickstart --out {context.Get(folder)} --seed {context.Seed}{(context.Get(smoke) ? " --smoke" : "")}"));
        return StudyVerbResult.Of(run, clock.Elapsed);
    }
}
