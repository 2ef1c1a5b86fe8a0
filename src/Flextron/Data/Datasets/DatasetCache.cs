using Flextron.Storage;

namespace Flextron.Data.Datasets;

/// <summary>
/// Datasets that were downloaded or added, one folder each, with a lock file beside it. A dataset appears there complete and read, or not at all.
/// </summary>
/// <param name="folder">The cache.</param>
public sealed class DatasetCache(string folder)
{
    /// <summary>The folder that holds a folder per dataset.</summary>
    public string Root { get; } = Path.Combine(Path.GetFullPath(folder), "datasets");

    /// <summary>Where partial downloads wait to be gone on with.</summary>
    public string Downloads { get; } = Path.Combine(Path.GetFullPath(folder), "downloads");

    /// <summary>The cache of this user; null where there is no place for one.</summary>
    public static DatasetCache? OfUser()
    {
        try
        {
            return new DatasetCache(CacheFolder.Path);
        }
        catch (FlextronException)
        {
            return null;
        }
    }

    /// <summary>Folder of a dataset.</summary>
    public string Folder(string name) => Path.Combine(Root, name);

    /// <summary>What is recorded about a dataset, or null.</summary>
    /// <exception cref="FlextronException">The record is damaged.</exception>
    public DatasetLock? FindLock(string name)
    {
        if (!File.Exists(LockPath(name))) return null;
        DatasetLock found = FlextronJson.ReadFile<DatasetLock>(LockPath(name), "dataset lock file");
        return found is { Files: not null, FirstSeen: not null } ? found : throw new FlextronException($"{LockPath(name)} is not a dataset lock file: delete it and fetch the dataset again.");
    }

    /// <summary>Whether a dataset is there; its files are checked against their hashes.</summary>
    /// <exception cref="FlextronException">A file is missing or is not what was stored.</exception>
    public bool Verified(string name)
    {
        if (FindLock(name) is not { } known || !Directory.Exists(Folder(name))) return false;
        foreach (CachedFile file in known.Files)
        {
            string path = Path.Combine(Folder(name), file.Name);
            if (!File.Exists(path) || new FileInfo(path).Length != file.Bytes || ContentHash.OfFile(path) != file.Sha256)
                throw new FlextronException($"{path} is not what was stored there: run `flextron data get {name}` or `flextron data add {name} PATH` again.");
        }
        return known.Files.Count > 0;
    }

    /// <summary>Puts a dataset into the cache in place of what was there.</summary>
    /// <param name="name">The dataset.</param>
    /// <param name="fill">Writes the files into a staging folder.</param>
    /// <param name="read">Reads the staged dataset as its task does and returns the number of documents; throws where it cannot.</param>
    /// <param name="record">Origin, source and first-seen hashes; asked for when the files are there.</param>
    /// <exception cref="FlextronException">Something failed; what was there before is unchanged.</exception>
    public DatasetLock Install(string name, Action<string> fill, Func<string, int> read, Func<DatasetLock> record)
    {
        ArgumentNullException.ThrowIfNull(fill);
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(record);
        if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))) throw new FlextronException($"'{name}' cannot be the name of a dataset.");
        using FileLock held = FileLock.TryTake(Path.Combine(Root, $".{name}.lock"))
            ?? throw new FlextronException($"Another process is changing {name} in the cache: wait for it, then run again.");
        string staging = Path.Combine(Root, $".{name}-staging"), old = Path.Combine(Root, $".{name}-old");
        try
        {
            // Left by a killed process; the lock says that nobody is at it now. Killed between its two moves, it left the only copy aside.
            Remove(staging);
            Restore();
            Remove(old);
            // The staged folder bears the dataset's name, by which readers tell generated data from published.
            string target = Path.Combine(staging, name);
            Directory.CreateDirectory(target);
            fill(target);
            int documents = read(target);
            CachedFile[] files = [.. Directory.EnumerateFiles(target, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file =>
                new CachedFile(Path.GetRelativePath(target, file).Replace('\\', '/'), new FileInfo(file).Length, ContentHash.OfFile(file)))];
            DatasetLock entry = record() with { Time = DateTime.UtcNow, Documents = documents, Files = files };
            if (Directory.Exists(Folder(name))) Directory.Move(Folder(name), old);
            Directory.Move(target, Folder(name));
            FlextronJson.WriteFile(LockPath(name), entry);
            Remove(old);
            Remove(staging);
            return entry;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{Folder(name)} cannot be written: {e.Message} Free some space, or set {CacheFolder.Variable} to another folder.", e);
        }
        finally
        {
            Restore();
            Remove(staging);
        }

        void Restore()
        {
            if (!Directory.Exists(Folder(name)) && Directory.Exists(old)) Directory.Move(old, Folder(name));
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private string LockPath(string name) => Path.Combine(Root, $"{name}.lock.json");
}
