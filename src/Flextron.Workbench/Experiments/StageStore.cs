using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// Results of finished stages, addressed by what they depend on: <c>&lt;stage&gt;-&lt;key prefix&gt;/</c> with <c>stage.json</c>, which
/// lists the files and their hashes. An entry appears by renaming a complete folder, so a half-written one cannot be found.
/// </summary>
/// <param name="root">The store's folder.</param>
internal sealed class StageStore(string root)
{
    public const string ManifestName = "stage.json";
    public const string MetricsName = "metrics.jsonl";

    public string LockPath(StageDefinition stage) => Path.Combine(root, "locks", $"{stage.EntryName}.lock");

    public string EntryPath(StageDefinition stage) => Path.Combine(root, stage.EntryName);

    /// <summary>Where an entry is written before it is complete. Whoever holds the entry's lock owns it.</summary>
    public string UnfinishedPath(StageDefinition stage) => Path.Combine(root, $"{stage.EntryName}.tmp");

    /// <summary>What an interrupted attempt leaves for the next.</summary>
    public string CheckpointPath(StageDefinition stage) => Path.Combine(root, $"{stage.EntryName}.checkpoints");

    /// <summary>Finds a finished stage and verifies its files.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="damage">What is wrong with the entry, or null.</param>
    public StageManifest? Find(StageDefinition stage, out string? damage)
    {
        damage = null;
        string folder = EntryPath(stage);
        if (!Directory.Exists(folder)) return null;
        try
        {
            var manifest = FlextronJson.ReadFile<StageManifest>(Path.Combine(folder, ManifestName), "stage manifest");
            damage = manifest.Key == stage.Key && manifest.Files is not null ? manifest.Files.Select(f => Damage(folder, f)).FirstOrDefault(d => d is not null) : "its manifest belongs to another stage";
            return damage is null ? manifest : null;
        }
        catch (Exception e) when (e is FlextronException or IOException or UnauthorizedAccessException)
        {
            damage = e.Message;
            return null;
        }
    }

    /// <summary>Removes an entry that is damaged.</summary>
    public bool Remove(StageDefinition stage)
    {
        Directory.Delete(EntryPath(stage), recursive: true);
        return true;
    }

    /// <summary>Makes an empty folder for a new entry, and one for its checkpoints where there is none.</summary>
    public string Prepare(StageDefinition stage)
    {
        string folder = UnfinishedPath(stage);
        Discard(stage);
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(CheckpointPath(stage));
        return folder;
    }

    /// <summary>Drops what a failed or killed attempt has written.</summary>
    public void Discard(StageDefinition stage)
    {
        string folder = UnfinishedPath(stage);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Lists and hashes the files, writes the manifest and gives the folder its final name.</summary>
    public StageManifest Complete(StageDefinition stage, DateTimeOffset finishedUtc, TimeSpan duration, int threads)
    {
        string folder = UnfinishedPath(stage);
        string checkpoints = CheckpointPath(stage);
        if (File.Exists(Path.Combine(checkpoints, MetricsName))) File.Copy(Path.Combine(checkpoints, MetricsName), Path.Combine(folder, MetricsName));
        StageFile[] files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f => new StageFile(Path.GetRelativePath(folder, f).Replace('\\', '/'), new FileInfo(f).Length, ContentHash.OfFile(f)))
            .OrderBy(f => f.Path, StringComparer.Ordinal)];
        var manifest = new StageManifest(
            stage.Name, stage.Version, stage.Key, stage.Settings, [.. stage.Inputs.Select(i => new StageManifest.InputRecord(i.Name, i.Hash))],
            finishedUtc, duration.TotalSeconds, files, threads);
        FlextronJson.WriteFile(Path.Combine(folder, ManifestName), manifest);
        Directory.Move(folder, EntryPath(stage));
        if (Directory.Exists(checkpoints)) Directory.Delete(checkpoints, recursive: true);
        return manifest;
    }

    /// <summary>The full path of a relative one, or null where it would leave the folder.</summary>
    public static string? Inside(string folder, string relative)
    {
        if (string.IsNullOrEmpty(relative) || Path.IsPathRooted(relative)) return null;
        string full = Path.GetFullPath(relative, Path.GetFullPath(folder));
        return full.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? full : null;
    }

    private static string? Damage(string folder, StageFile file)
    {
        if (file is null || Inside(folder, file.Path) is not { } path) return "its manifest names a file outside it";
        if (!File.Exists(path)) return $"{file.Path} is missing";
        return new FileInfo(path).Length != file.Bytes || ContentHash.OfFile(path) != file.Sha256 ? $"{file.Path} has changed" : null;
    }
}
