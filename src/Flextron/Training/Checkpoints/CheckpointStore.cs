using System.Globalization;
using System.Text.Json;
using Flextron.Checkpoints;
using Flextron.Storage;
using static TorchSharp.torch;

namespace Flextron.Training.Checkpoints;

/// <summary>
/// The training checkpoints of a run in one folder. Each is a tensor file and a manifest that holds its hash; both are replaced whole, the manifest last,
/// so that a run killed at any moment finds the last complete one, and older ones go only after a newer is complete.
/// </summary>
public sealed class CheckpointStore
{
    private readonly string folder;
    private readonly TrainingIdentity identity;
    private readonly int keep;

    /// <summary>Names a store; nothing is read or written yet.</summary>
    /// <param name="folder">Its folder; created with the first checkpoint.</param>
    /// <param name="identity">What the run is of.</param>
    /// <param name="keep">How many checkpoints stay.</param>
    /// <exception cref="FlextronException"><paramref name="keep"/> is below 1.</exception>
    public CheckpointStore(string folder, TrainingIdentity identity, int keep = 2)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (keep < 1) throw new FlextronException($"Keeping {keep} checkpoints keeps none to go on from: give 1 or more.");
        (this.folder, this.identity, this.keep) = (folder, identity, keep);
    }

    /// <summary>Whether another learning rate, warm-up, clipping or spike tolerance is accepted: the way on after a divergence. The run is then no longer the one that was begun.</summary>
    public bool AcceptsNewRate { get; init; }

    /// <summary>Whether there is a complete checkpoint, of whatever run.</summary>
    public bool Any => Manifests().Count > 0;

    /// <summary>Steps of the complete checkpoints, newest first.</summary>
    public IReadOnlyList<int> Steps => [.. Manifests().Select(StepOf)];

    /// <summary>Writes a checkpoint and removes those that are one too many.</summary>
    /// <param name="trainer">Between two steps.</param>
    /// <exception cref="FlextronException">It cannot be written; earlier ones stay.</exception>
    public void Save(IResumableTraining trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        string name = string.Create(CultureInfo.InvariantCulture, $"step-{trainer.StepsDone:00000000}"), file = name + ".safetensors", path = Path.Combine(folder, file);
        SafetensorsWriter.Write(path, trainer.State);
        FlextronJson.WriteFile(Path.Combine(folder, name + ".json"), new CheckpointManifest(
            CheckpointManifest.CurrentVersion, trainer.StepsDone, file, ContentHash.OfFile(path), trainer.Compute.ToString(), identity.Settings.Seed,
            (long)trainer.StepsDone * identity.Settings.BatchesPerStep, trainer.Monitor.State, identity, get_num_threads()) { Freeze = trainer.Freeze?.State });
        // While the loss stands high, an older checkpoint may be the last good one.
        if (trainer.Monitor.IsCalm) Prune(trainer.StepsDone);
    }

    /// <summary>Restores the newest complete checkpoint whose hash is right, and the number of threads that libtorch computes with.</summary>
    /// <param name="trainer">Fresh, of the same settings; its state is overwritten.</param>
    /// <param name="message">Told about damaged checkpoints that were passed over, and about another number of threads.</param>
    /// <returns>Steps done; 0 where there is no checkpoint.</returns>
    /// <exception cref="FlextronException">The checkpoint is of another run (the message says what differs), or every one is damaged.</exception>
    public int Restore(IResumableTraining trainer, Action<string>? message = null)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        IReadOnlyList<string> manifests = Manifests();
        foreach (string path in manifests)
        {
            if (Damage(path, out CheckpointManifest? manifest) is { } damage)
            {
                message?.Invoke($"{damage} It is passed over for the one before.");
                continue;
            }
            Require(path, manifest!);
            if (manifest!.Compute != trainer.Compute.ToString())
                throw new FlextronException($"{path} was computed in {manifest.Compute}, this run would go on in {trainer.Compute}: set the compute type to {manifest.Compute}.");
            if ((manifest.Freeze is null) != (trainer.Freeze is null))
                throw new FlextronException($"{path} belongs to a training {(manifest.Freeze is null ? "without" : "with")} frozen weights: go on as it was begun.");
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, manifest.File));
            foreach ((string part, Tensor tensor) in trainer.State) file.CopyTo(part, tensor);
            trainer.Monitor.State = manifest.LossMonitor;
            if (trainer.Freeze is { } freeze) freeze.State = manifest.Freeze!;
            if (manifest.Threads > 0 && manifest.Threads != get_num_threads())
            {
                message?.Invoke($"Computing with {manifest.Threads} threads, as this training began, instead of {get_num_threads()}: sums depend on their number.");
                set_num_threads(manifest.Threads);
            }
            trainer.GoOnAfter(manifest.Step);
            return manifest.Step;
        }
        if (manifests.Count > 0) throw new FlextronException($"Every training checkpoint in {folder} is damaged: remove the folder to start again.");
        return 0;
    }

    /// <summary>Checks that the newest readable checkpoint is of this run, before time is spent on it.</summary>
    /// <exception cref="FlextronException">It is of another run; the message says what differs.</exception>
    public void Check()
    {
        foreach (string path in Manifests())
        {
            if (Read(path) is not { } manifest) continue;
            Require(path, manifest);
            return;
        }
    }

    /// <summary>Removes all checkpoints, to start again.</summary>
    public void Clear()
    {
        if (!Directory.Exists(folder)) return;
        foreach (string file in Directory.EnumerateFiles(folder, "step-*.json").Concat(Directory.EnumerateFiles(folder, "step-*.safetensors*")).ToArray()) File.Delete(file);
    }

    private List<string> Manifests() =>
        !Directory.Exists(folder) ? [] : [.. Directory.EnumerateFiles(folder, "step-*.json").Where(p => StepOf(p) >= 0).OrderByDescending(StepOf)];

    private static int StepOf(string path) =>
        int.TryParse(Path.GetFileNameWithoutExtension(path).AsSpan("step-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1;

    // The manifest goes first: tensors without one are not taken for a checkpoint. What interrupted writes left behind goes too.
    private void Prune(int step)
    {
        // Later ones were passed over as damaged, or this run would have gone on from them.
        foreach (string later in Manifests().Where(p => StepOf(p) > step)) File.Delete(later);
        IReadOnlyList<string> manifests = Manifests();
        foreach (string path in manifests.Skip(keep)) File.Delete(path);
        HashSet<string> kept = [.. manifests.Take(keep).Select(p => Path.GetFileNameWithoutExtension(p) + ".safetensors")];
        foreach (string file in Directory.EnumerateFiles(folder, "step-*.safetensors*").Where(f => !kept.Contains(Path.GetFileName(f))).ToArray()) File.Delete(file);
    }

    private static CheckpointManifest? Read(string path)
    {
        try
        {
            CheckpointManifest manifest = FlextronJson.ReadFile<CheckpointManifest>(path, "training checkpoint");
            bool whole = manifest is { Version: CheckpointManifest.CurrentVersion, File.Length: > 0, Sha256.Length: > 0, LossMonitor: not null, Identity: { Settings: not null, Sources: not null } };
            return whole && manifest.Step == StepOf(path) && Path.GetFileName(manifest.File) == manifest.File ? manifest : null;
        }
        catch (FlextronException)
        {
            return null;
        }
    }

    private string? Damage(string path, out CheckpointManifest? manifest)
    {
        manifest = Read(path);
        if (manifest is null) return $"{path} is damaged.";
        string file = Path.Combine(folder, manifest.File);
        if (!File.Exists(file)) return $"{file} is missing.";
        return ContentHash.OfFile(file) == manifest.Sha256 ? null : $"{file} is not what was written: its hash differs.";
    }

    private void Require(string path, CheckpointManifest manifest)
    {
        foreach ((string name, string hash) in identity.Sources)
        {
            if (!manifest.Identity.Sources.TryGetValue(name, out string? saved) || saved != hash)
                throw new FlextronException($"{path} belongs to a training with another {name}: give the same one, or choose another folder.");
        }
        if (Difference(manifest.Identity.Settings, identity.Settings) is { } difference)
            throw new FlextronException($"{path} belongs to a training with another {difference}: give the same settings, or choose another folder.");
    }

    // How often it is measured, and when it is stopped, changes nothing that is trained.
    private string? Difference(JointTrainingSettings saved, JointTrainingSettings now)
    {
        using JsonDocument a = Parse(saved), b = Parse(now);
        foreach (JsonProperty property in b.RootElement.EnumerateObject())
        {
            string before = a.RootElement.GetProperty(property.Name).GetRawText();
            if (before != property.Value.GetRawText()) return $"{property.Name} ({before}, now {property.Value.GetRawText()})";
        }
        return null;

        JsonDocument Parse(JointTrainingSettings settings)
        {
            settings = settings with { EvaluateEvery = 0, SpikeTolerance = 0 };
            if (AcceptsNewRate) settings = settings with { LearningRate = 1, WarmupSteps = 0, GradientClip = 1 };
            return JsonSerializer.SerializeToDocument(settings, FlextronJson.Compact);
        }
    }
}
