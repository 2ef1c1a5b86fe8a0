using Flextron.Storage;

namespace Flextron.Data.Datasets;

/// <summary>A download that has begun: the bytes so far, and what identifies the version that they belong to.</summary>
internal sealed class PartialFile
{
    private readonly string validatorPath;

    /// <summary>The partial file of an address in a folder.</summary>
    public PartialFile(string folder, string url)
    {
        Directory.CreateDirectory(folder);
        Path = System.IO.Path.Combine(folder, ContentHash.OfText(url)[..24] + ".part");
        validatorPath = Path + ".version";
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Bytes so far.</summary>
    public long Length => File.Exists(Path) ? new FileInfo(Path).Length : 0;

    /// <summary>The strong entity tag or modification date that the server gave with the bytes so far; null where there is nothing to go on from.</summary>
    public string? Version => Length > 0 && File.Exists(validatorPath) ? File.ReadAllText(validatorPath) : null;

    /// <summary>Begins anew with another version, or one that cannot be gone on with.</summary>
    public void Restart(string? version)
    {
        Delete();
        File.WriteAllBytes(Path, []);
        if (version is not null) File.WriteAllText(validatorPath, version);
    }

    /// <summary>Opens it for appending.</summary>
    public FileStream Append() => new(Path, FileMode.Append, FileAccess.Write, FileShare.None, 1 << 16);

    /// <summary>Removes it.</summary>
    public void Delete()
    {
        File.Delete(Path);
        File.Delete(validatorPath);
    }
}
