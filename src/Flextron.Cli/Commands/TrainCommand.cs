using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.CrossArchitecture;
using Flextron.Training;
using TorchSharp;

namespace Flextron.Cli.Commands;

/// <summary><c>train</c>: joint continued-training of a family's sub-networks.</summary>
internal sealed class TrainCommand : VerbCommand
{
    private static readonly JointTrainingSettings Defaults = new();
    private readonly ModelArgument model = new("family", required: true);
    private readonly CorpusOption corpus = new("Training text");
    private readonly Option<string?> heldOut = new("--held-out") { Description = "Text to measure on; else a twentieth of the corpus is kept apart.", HelpName = "file" };
    private readonly Option<string> folder = new("--out") { Description = "Folder of the trained family, its metrics and its training checkpoint.", HelpName = "dir", Required = true };
    private readonly Option<bool> resume = new("--resume") { Description = "Go on from the training checkpoint in --out, if there is one." };
    private readonly Option<bool> changeRate = new("--change-rate") { Description = "With --resume: go on with another learning rate or warm-up, as after a divergence; no longer the same run." };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Start again although --out holds a training checkpoint." };
    private readonly TrainingOptions training = new(Defaults.Strategy, Defaults.DistillationWeight, "teacher");
    private readonly Option<string?> teacher = new("--teacher") { Description = "Model to distil from; else the family as it was loaded.", HelpName = "model" };
    private readonly Option<int> evaluateEvery = new("--evaluate-every") { Description = "Steps between held-out losses in the metrics; 0 for the end only.", HelpName = "n", DefaultValueFactory = _ => Defaults.EvaluateEvery };
    private readonly Option<int> batches = new("--batches-per-step") { Description = "Batches whose gradients are averaged in a step.", HelpName = "n", DefaultValueFactory = _ => Defaults.BatchesPerStep };
    private readonly Option<ScheduleShape> schedule = new("--schedule") { Description = "After the warm-up: cosine or warmupStableDecay.", HelpName = "name", DefaultValueFactory = _ => Defaults.Schedule };
    private readonly Option<ComputeType> compute = new("--compute-dtype") { Description = "Type of matrix products: auto, float32 or bFloat16.", HelpName = "type", DefaultValueFactory = _ => Defaults.Compute };
    private readonly Option<int> keepCheckpoints = new("--keep-checkpoints") { Description = "Training checkpoints that stay.", HelpName = "n", DefaultValueFactory = _ => 2 };

    private readonly Option<bool> freeze = new("--freeze") { Description = "Keeps what `flextron transfer` took over frozen until the loss stops improving, stage by stage." };
    private readonly Option<int> freezeWindow = new("--freeze-window") { Description = "With --freeze: steps whose mean loss is compared with that of as many before.", HelpName = "n", DefaultValueFactory = _ => new FreezeSettings().Window };
    private readonly Option<double> freezeThreshold = new("--freeze-threshold") { Description = "With --freeze: least improvement, as a share, that keeps a stage frozen.", HelpName = "x", DefaultValueFactory = _ => new FreezeSettings().Threshold };

    public TrainCommand() : base(
        "train", "Trains all sub-networks of a family together.",
        "Every step trains several of them on the same text (FLEXTRON, section 3.2). Metrics, a training checkpoint and the trained family go to --out.",
        "train my-family --corpus stories.txt --out my-trained-family",
        "train my-family --corpus stories.txt --out my-trained-family --resume",
        "train my-family --corpus stories.txt --out quick --steps 50 --batch-size 4 --distillation 0 --json")
    {
        model.AddTo(this);
        corpus.AddTo(this);
        training.AddTo(this);
        foreach (Option option in (Option[])[heldOut, folder, resume, changeRate, overwrite, teacher, evaluateEvery, keepCheckpoints, batches, schedule, compute, freeze, freezeWindow, freezeThreshold])
            Options.Add(option);
    }

    public override string HowToGoOn => "run the same command with --resume to go on from the training checkpoint";

    public override VerbResult Execute(CommandContext context)
    {
        JointTrainingSettings settings = (training.Read(context) with
        {
            EvaluateEvery = context.Get(evaluateEvery), BatchesPerStep = context.Get(batches), Schedule = context.Get(schedule), Compute = context.Get(compute),
        }).Validated();
        int checkpointEvery = training.CheckpointEvery(context);
        using LoadedModel loaded = model.Load(context);
        var run = new TrainingRun(loaded, settings, context.Get(folder))
        {
            Resume = context.Get(resume), ChangeRate = context.Get(changeRate), Overwrite = context.Get(overwrite), CheckpointEvery = checkpointEvery, KeepCheckpoints = context.Get(keepCheckpoints),
            Freeze = context.Get(freeze) ? new FreezeSettings { Window = context.Get(freezeWindow), Threshold = context.Get(freezeThreshold) }.Validated() : null,
        };
        run.Prepare(corpus.Open(context), context.Get(heldOut), context.Get(teacher), context);
        TrainingSummary summary = run.Train(context);
        return new VerbResult(summary, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["budget", "loss before", "loss after", "± standard error"], summary.LossPerBudget.Select(b => new[]
            {
                b.Key, b.Value.Before.ToString("0.0000", c), b.Value.After.ToString("0.0000", c), b.Value.AfterStderr.ToString("0.0000", c),
            }));
            writer.WriteLine(string.Create(c, $"{summary.Out}: {summary.Steps} steps on {summary.Tokens:N0} tokens"));
            if (summary.Releases is { } releases) writer.WriteLine($"transferred weights released after steps: {(releases.Count == 0 ? "none" : string.Join(", ", releases))}");
        });
    }
}
