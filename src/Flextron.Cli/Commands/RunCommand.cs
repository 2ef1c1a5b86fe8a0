using System.CommandLine;
using System.Diagnostics;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;

namespace Flextron.Cli.Commands;

/// <summary><c>run</c>: runs an experiment.</summary>
internal sealed class RunCommand : VerbCommand
{
    private readonly Argument<string> experiment = new("experiment") { Description = "Folder that holds experiment.json." };
    private readonly Option<string[]> set = new("--set") { Description = "Changes a setting, as in training.steps=100; may be repeated.", HelpName = "key=value", DefaultValueFactory = _ => [] };
    private readonly Option<string?> name = new("--name") { Description = "Name of the run [default: time and settings].", HelpName = "name" };

    private readonly Option<string?> until = new("--until") { Description = "Stops after this stage; the same command without it goes on from there.", HelpName = "stage" };

    private readonly Option<string[]> grid = new("--grid") { Description = "Values that a setting takes one after the other, as in training.seed=1,2,3; several make every combination.", HelpName = "key=values", DefaultValueFactory = _ => [] };
    private readonly Option<int?> parallel = new("--parallel") { Description = "Independent stages and points of a grid computed side by side [default: as many as threads and memory allow].", HelpName = "n" };

    public RunCommand() : base(
        "run", "Runs an experiment; what is finished and unchanged is not computed again.",
        "Settings, environment, provenance, metrics, tables, figures and the report go to runs/NAME inside the experiment. A \"grid\" in experiment.json, or --grid, runs every combination of the values it lists, "
        + "all in one run's folder with tables and figures over them; combinations that differ in seeds alone are taken together.",
        "run experiments/story656k",
        "run experiments/story656k --set training.steps=100 --set training.seed=2",
        "run experiments/story656k --grid training.learningRate=1e-3,5e-4 --grid training.seed=1,2,3",
        "run experiments/routing-story656k --until profile",
        "run experiments/stories260k --name reference --json")
    {
        Arguments.Add(experiment);
        Options.Add(set);
        Options.Add(name);
        foreach (Option option in (Option[])[until, grid, parallel]) Options.Add(option);
    }

    public override string HowToGoOn => "finished stages are kept; run the same command again";

    public override VerbResult Execute(CommandContext context)
    {
        context.RequireCpuFloat32();
        var clock = Stopwatch.StartNew();
        ExperimentFolder folder = ExperimentFolder.Open(context.Get(experiment));
        string[] overrides = context.Get(set);
        if (context.Get(parallel) is < 1 and var few) throw new FlextronException($"--parallel is {few}: give 1 or more, or leave it out.");
        string varied = string.Concat(overrides.Select(o => $" --set {o}").Concat(context.Get(grid).Select(g => $" --grid {g}")));
        RunOptions options = context.RunOptions($"run {context.Get(experiment)}{varied}{(context.Get(name) is { } named ? $" --name {named}-2" : "")}") with
        {
            Name = context.Get(name), Overrides = overrides, Until = context.Get(until), Parallel = context.Get(parallel),
        };
        try
        {
            return StudyVerbResult.Of(ExperimentKinds.Run(folder, overrides, context.Get(grid), options), clock.Elapsed);
        }
        catch (RunStoppedException stopped)
        {
            context.Message($"{stopped.Message} Without --until the next run goes on from there.");
            return StudyVerbResult.Of(stopped.Run, clock.Elapsed);
        }
    }
}
