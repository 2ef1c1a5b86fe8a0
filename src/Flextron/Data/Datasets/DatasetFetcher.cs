using Flextron.Progress;
using Flextron.Storage;

namespace Flextron.Data.Datasets;

/// <summary>Downloads a dataset into the cache.</summary>
/// <param name="cache">The cache.</param>
/// <param name="downloader">Fetches files.</param>
public sealed class DatasetFetcher(DatasetCache cache, HttpDownloader downloader)
{
    /// <summary>Downloads everything that a manifest names, checks it, and installs it.</summary>
    /// <param name="manifest">The dataset.</param>
    /// <param name="read">Reads the staged folder as the task does and returns the number of documents.</param>
    /// <param name="progress">Reports bytes.</param>
    /// <param name="cancellation">Stops; what has arrived is gone on with the next time.</param>
    /// <exception cref="FlextronException">A download failed, is not what it should be, or is not what it was the first time.</exception>
    public async Task<DatasetLock> GetAsync(DatasetManifest manifest, Func<string, int> read, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var arrived = new List<(DatasetDownload Download, string Path)>();
        var firstSeen = new Dictionary<string, string>(cache.FindLock(manifest.Name)?.FirstSeen ?? new Dictionary<string, string>());
        foreach (DatasetDownload download in manifest.Downloads)
        {
            (string path, string hash) = await downloader.GetAsync(download, cache.Downloads, progress, cancellation).ConfigureAwait(false);
            string url = download.Urls[0];
            if (firstSeen.TryGetValue(url, out string? first) && first != hash && download.Sha256 is null)
            {
                File.Delete(path);
                throw new FlextronException(
                    $"{url} gave other bytes (SHA-256 {hash}) than the first time ({first}): nothing was changed; if its makers have a new version that you want, delete {manifest.Name}.lock.json in {cache.Root}.");
            }
            firstSeen[url] = hash;
            arrived.Add((download, path));
        }
        DatasetLock installed = cache.Install(
            manifest.Name, folder => arrived.ForEach(a => Place(a.Download, a.Path, folder)), read,
            () => new DatasetLock { Origin = "get", Source = manifest.Downloads[0].Urls[0], FirstSeen = firstSeen });
        foreach ((_, string path) in arrived)
        {
            File.Delete(path);
            File.Delete(path + ".version");
        }
        return installed;
    }

    private static void Place(DatasetDownload download, string path, string folder)
    {
        string name = Path.GetFileName(new Uri(download.Urls[0]).AbsolutePath);
        DatasetFile[] members = [.. download.Files.Where(f => f.Member is not null)];
        if (members.Length > 0) ArchiveMembers.Unpack(path, name, members, folder);
        foreach (DatasetFile file in download.Files.Where(f => f.Member is null))
        {
            string target = Path.Combine(folder, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
        foreach (DatasetFile file in download.Files.Where(f => f.Sha256 is not null))
        {
            string hash = ContentHash.OfFile(Path.Combine(folder, file.Name));
            if (hash != file.Sha256) throw new FlextronException($"{file.Member ?? file.Name} of {name} has the SHA-256 {hash} and should have {file.Sha256}: nothing was kept; get it again.");
        }
    }
}
