using Flextron.Checkpoints;
using Flextron.CrossArchitecture;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Storage;
using Flextron.Training;
using Flextron.Training.Checkpoints;
using Flextron.Workbench.Experiments;
using TorchSharp;

namespace Flextron.Cli.CommandLine;

/// <summary>One training of a family with checkpoints, metrics and losses before and after.</summary>
internal sealed class TrainingRun(LoadedModel loaded, JointTrainingSettings settings, string folder)
{
    /// <summary>The file of measured values in the output folder.</summary>
    public const string MetricsName = "metrics.jsonl";

    /// <summary>The folder of training checkpoints in the output folder.</summary>
    public const string CheckpointsName = "checkpoints";

    /// <summary>The folder of TensorBoard events in the output folder.</summary>
    public const string EventsName = "tensorboard";

    private static readonly double[] Shares = [0.25, 0.5, 0.75, 1];
    private readonly Dictionary<string, string> sources = [];
    private TokenCorpus? train;
    private HeldOutLoss? heldOut;
    private long heldOutTokens;
    private string? teacherPath;
    private FreezeSchedule? frozen;

    /// <summary>Whether to go on from a checkpoint.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether a resumed run may have another learning rate, warm-up or clipping.</summary>
    public bool ChangeRate { get; init; }

    /// <summary>Whether to start again over a checkpoint.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>Checkpoints that stay.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>How long what was transferred stays frozen; null for not at all.</summary>
    public FreezeSettings? Freeze { get; init; }

    private CheckpointStore Checkpoints => new(Path.Combine(folder, CheckpointsName), Identity, KeepCheckpoints) { AcceptsNewRate = ChangeRate };

    private TrainingIdentity Identity => new(settings, sources);

    private string Metrics => Path.Combine(folder, MetricsName);

    /// <summary>Reads the texts and checks that the training can begin; writes nothing.</summary>
    /// <exception cref="FlextronException">The family, a text or the output folder cannot be used.</exception>
    public void Prepare(DocumentSource corpus, string? heldOutFile, string? teacher, CommandContext context)
    {
        ElasticFamily family = loaded.Family;
        if (family.Manifest is null) throw new FlextronException($"{family.Path} is not an elastic family: run `flextron elastify` first.");
        if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(family.Path)))
            throw new FlextronException($"{folder} is the family itself: choose another --out, so that it stays what it was.");
        if (File.Exists(folder)) throw new FlextronException($"{folder} is a file: name a folder to write into.");
        if (Checkpoints.Any && !Resume && !Overwrite)
            throw new FlextronException($"{folder} holds a training checkpoint: add --resume to go on from it, or --overwrite to start again.");
        teacherPath = teacher is null ? null : ModelArgument.Resolve(teacher);
        TokenCorpus measured;
        if (heldOutFile is not null)
        {
            train = loaded.Shards(corpus, context);
            measured = loaded.Shards(TextCorpus.Open(heldOutFile), context);
        }
        else
        {
            (train, measured) = CorpusParts.Of(loaded, corpus, Window, settings.Seed, context);
        }
        int length = (int)Math.Clamp(measured.Length - 1, 1, Window);
        heldOut = new HeldOutLoss(measured, length);
        heldOutTokens = (long)heldOut.WindowCount * length;
        sources["family"] = ContentHash.OfPath(family.Path);
        sources["corpus"] = train.Hash();
        if (Freeze is not null)
        {
            var record = FlextronJson.ReadFile<TransferRecord>(Path.Combine(family.Path, TransferRecord.FileName), "record of a transfer");
            if (record.Format != TransferRecord.CurrentFormat || record.Transferred is null)
                throw new FlextronException($"{TransferRecord.FileName} of {family.Path} has format {record.Format}, this version reads {TransferRecord.CurrentFormat}: run `flextron transfer` again.");
            frozen = new FreezeSchedule(record.Transferred.ToHashSet(StringComparer.Ordinal), Freeze);
            sources["freeze schedule"] = ContentHash.OfText(System.Text.Json.JsonSerializer.Serialize(Freeze, FlextronJson.Compact));
        }
        sources["teacher"] = settings.DistillationWeight == 0 ? "" : teacherPath is null ? sources["family"] : ContentHash.OfPath(teacherPath);
        if (Resume) Checkpoints.Check();
    }

    /// <summary>Trains and writes the family.</summary>
    /// <exception cref="OperationCanceledException">Stopped; the checkpoint holds everything up to then.</exception>
    public TrainingSummary Train(CommandContext context)
    {
        ElasticFamily family = loaded.Family;
        Dictionary<string, SubNetwork> budgets = Shares.ToDictionary(s => FormattableString.Invariant($"uniform:{s}"), s => family.Space.Uniform(s));
        if (family.Space.Widths is not null || family.Space.Depths is not null) budgets["smallest"] = family.Space.Smallest;
        Dictionary<string, LossEstimate> before = Measure(budgets, context, "held-out loss before");
        using DecoderModel? teacher = Teacher(context);
        using var trainer = new JointTrainer(family.Model, family.Space, settings, teacher, freeze: frozen);
        int resumedFrom = Restore(trainer, context);
        using (var log = new MetricsLog(Metrics))
        using (var events = new TensorBoardLog(Path.Combine(folder, EventsName)))
        {
            new CheckpointedTraining(trainer, Checkpoints, CheckpointEvery).Run(hear => trainer.Run(train!, heldOut, budgets, hear, context, context.Cancellation), step =>
            {
                log.Write(step.ToMetrics());
                events.Write(step.Step, step.ToScalars());
            });
        }
        Dictionary<string, LossEstimate> after = Measure(budgets, context, "held-out loss after");
        int length = Math.Min(settings.SequenceLength, family.Model.Config.ContextLength);
        var summary = new TrainingSummary(
            settings.Steps, resumedFrom, trainer.Compute.ToString(), (long)settings.Steps * settings.BatchesPerStep * settings.BatchSize * length,
            budgets.Keys.ToDictionary(k => k, k => new TrainingSummary.Change(before[k].Mean, after[k].Mean, before[k].StandardError, after[k].StandardError)),
            heldOutTokens, folder, frozen?.Releases);
        family.AddTrainedSteps(settings.Steps);
        StagedFolder.Write(folder, staging =>
        {
            family.Save(staging, loaded.TokenizerPath);
            FlextronJson.WriteFile(Path.Combine(staging, "training.json"), summary);
        });
        return summary;
    }

    private int Window => Math.Min(settings.SequenceLength, loaded.Model.Config.ContextLength);

    private Dictionary<string, LossEstimate> Measure(Dictionary<string, SubNetwork> budgets, IProgress<StageProgress> progress, string stage)
    {
        string[] labels = [.. budgets.Keys];
        IReadOnlyList<LossEstimate> losses = heldOut!.Of(loaded.Model, [.. labels.Select(l => budgets[l])], progress, stage);
        return labels.Zip(losses).ToDictionary(p => p.First, p => p.Second);
    }

    private DecoderModel? Teacher(CommandContext context)
    {
        if (settings.DistillationWeight == 0) return null;
        if (teacherPath is null) return new DecoderModel(loaded.Model.Weights.Clone());
        var teacher = new DecoderModel(CheckpointLoader.Load(teacherPath, torch.ScalarType.Float32, context.Device).Weights);
        if (teacher.Config.VocabularySize == loaded.Model.Config.VocabularySize && teacher.Config.ContextLength >= Window) return teacher;
        using (teacher)
            throw new FlextronException($"The teacher {teacherPath} has a vocabulary of {teacher.Config.VocabularySize} and a context of {teacher.Config.ContextLength}: choose one with the family's vocabulary of {loaded.Model.Config.VocabularySize} and at least {Window} tokens.");
    }

    private int Restore(JointTrainer trainer, CommandContext context)
    {
        bool found = Resume && Checkpoints.Restore(trainer, context.Message) > 0;
        if (Resume && !found) context.Message($"{folder} holds no training checkpoint: starting from the beginning.");
        if (found) context.Message($"going on after step {trainer.StepsDone}.");
        // After a crash there may be rows of steps that will now be done once more.
        IEnumerable<MetricRow> kept = MetricsLog.Read(Metrics).Where(r => found && r.Number("step") <= trainer.StepsDone);
        if (File.Exists(Metrics)) AtomicFile.WriteAllText(Metrics, string.Concat(kept.Select(r => r.Values.ToJsonString(FlextronJson.Compact) + "\n").ToArray()));
        if (!found)
        {
            Checkpoints.Clear();
            string events = Path.Combine(folder, EventsName);
            if (Directory.Exists(events)) foreach (string file in Directory.GetFiles(events, "events.out.tfevents.*")) File.Delete(file);
        }
        return trainer.StepsDone;
    }
}
