using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>Something a stage's result depends on: a file, a folder or the result of an earlier stage. A <see cref="StageResult"/> converts by itself.</summary>
/// <param name="Name">What it is to the stage: "model", "calibration text".</param>
/// <param name="Hash">SHA-256 of the content; of the files' names and hashes for an earlier stage.</param>
/// <param name="Path">Where it lies; not part of the stage's key, so data may move.</param>
public sealed record StageInput(string Name, string Hash, string Path)
{
    /// <summary>A file or a whole folder, by content. Reads all of it once.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="name">What it is; the file's name by default.</param>
    /// <exception cref="FlextronException">There is no such file or folder.</exception>
    public static StageInput Of(string path, string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string trimmed = System.IO.Path.TrimEndingDirectorySeparator(path);
        return new StageInput(name ?? System.IO.Path.GetFileName(trimmed), ContentHash.OfPath(path), path);
    }

    /// <summary>The result of an earlier stage.</summary>
    public static implicit operator StageInput(StageResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return FromStageResult(result);
    }

    /// <summary>The result of an earlier stage.</summary>
    public static StageInput FromStageResult(StageResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        // The content, not the key: measurements differ each time they are taken, and what builds on them must follow.
        return new StageInput(result.Name, ContentHash.OfText(string.Join('\n', result.Files.Select(f => $"{f.Path} {f.Sha256}"))), result.Folder);
    }
}
