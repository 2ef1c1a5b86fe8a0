using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data.Datasets;
using Flextron.Data.Shards;
using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;
using Flextron.Storage;

namespace Flextron.Cli.Commands;

/// <summary><c>data list</c>: which datasets are where, and which tokenised corpora the cache holds.</summary>
internal sealed class DataListCommand : VerbCommand
{
    public DataListCommand() : base("list", "Shows which benchmark datasets are where, and the tokenised corpora in the cache.",
        "Datasets are looked for at --data, in FLEXTRON_DATA, in the cache (FLEXTRON_CACHE, else the system's place for caches), then in ../shared/data.",
        "data list", "data list --json")
    {
    }

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        var cache = new DatasetCache(CacheFolder.Path);
        DatasetLocator locator = DatasetLocator.FromEnvironment();
        string corpora = Path.Combine(CacheFolder.Path, "corpora");
        var json = new
        {
            cache = CacheFolder.Path,
            datasets = DatasetCatalog.All.Select(m => Describe(m, cache, locator)).ToArray(),
            corpora = (Directory.Exists(corpora) ? Directory.EnumerateDirectories(corpora) : []).Order(StringComparer.Ordinal).Select(Corpus).ToArray(),
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["dataset", "state", "MB", "licence", "where"], json.datasets.Select(d => new[]
            {
                d.Name, d.State, d.Bytes > 0 ? (d.Bytes / 1e6).ToString("0.0", c) : "", d.Licence, d.Path ?? d.Problem ?? $"flextron data get {d.Name}",
            }));
            if (json.corpora.Length > 0)
            {
                writer.WriteLine();
                TextTable.Write(writer, ["corpus", "tokens", "MB", "folder"], json.corpora.Select(t => new[] { t.Source, t.Tokens.ToString("N0", c), (t.Bytes / 1e6).ToString("0.0", c), t.Folder }));
            }
            writer.WriteLine($"{Environment.NewLine}cache: {json.cache}");
        });
    }

    private static DatasetState Describe(DatasetManifest manifest, DatasetCache cache, DatasetLocator locator)
    {
        try
        {
            EvaluationTask? task = DatasetRegistration.TaskOf(manifest.Name);
            string? path = task is not null ? locator.TryFind(task) : cache.Verified(manifest.Name) ? cache.Folder(manifest.Name) : null;
            if (path is null) return new DatasetState(manifest.Name, "absent", manifest.Licence, 0, null, null);
            bool cached = path.StartsWith(cache.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
            long bytes = task is not null ? DatasetLocator.Files(task, path).Sum(f => new FileInfo(f.File).Length) : cache.FindLock(manifest.Name)!.Files.Sum(f => f.Bytes);
            return new DatasetState(manifest.Name, cached ? $"cached ({cache.FindLock(manifest.Name)!.Origin})" : "found", manifest.Licence, bytes, path, null);
        }
        catch (FlextronException e)
        {
            return new DatasetState(manifest.Name, "damaged", manifest.Licence, 0, null, e.Message);
        }
    }

    private static CorpusState Corpus(string folder)
    {
        string path = Path.Combine(folder, ShardManifest.FileName);
        ShardManifest? manifest = File.Exists(path) ? FlextronJson.ReadFile<ShardManifest>(path, "corpus manifest") : null;
        return new CorpusState(manifest?.Source ?? "(unfinished)", manifest?.Tokens ?? 0, Directory.EnumerateFiles(folder).Sum(f => new FileInfo(f).Length), folder);
    }

    private sealed record DatasetState(string Name, string State, string Licence, long Bytes, string? Path, string? Problem);

    private sealed record CorpusState(string Source, long Tokens, long Bytes, string Folder);
}
