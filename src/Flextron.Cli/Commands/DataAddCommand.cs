using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data.Datasets;
using Flextron.Evaluation;
using Flextron.Storage;

namespace Flextron.Cli.Commands;

/// <summary><c>data add</c>: copies a dataset that the user has into the cache.</summary>
internal sealed class DataAddCommand : VerbCommand
{
    private readonly Argument<string> name = new("name") { Description = $"Dataset: {string.Join(", ", DatasetCatalog.All.Select(m => m.Name))}." };
    private readonly Argument<string> path = new("path") { Description = "Its file, its folder, or a folder that holds it: jsonl, parquet or csv with the hub's field names." };

    public DataAddCommand() : base(
        "add", "Copies a benchmark dataset that you have into the cache.", "It is read as its task reads it before it is kept.",
        "data add piqa downloads/piqa/valid.jsonl", "data add arc_easy ARC-Easy/test-00000-of-00001.parquet", "data add mmlu downloads/mmlu")
    {
        Arguments.Add(name);
        Arguments.Add(path);
    }

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        DatasetManifest manifest = DatasetCatalog.Get(context.Get(name));
        var cache = new DatasetCache(CacheFolder.Path);
        DatasetLock entry = DatasetRegistration.Add(cache, manifest.Name, context.Get(path));
        var json = new { name = manifest.Name, path = cache.Folder(manifest.Name), documents = entry.Documents, published = manifest.Splits, files = entry.Files };
        return new VerbResult(json, writer => writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{json.name}: {json.documents:N0} documents in {json.path} (published: {string.Join(", ", manifest.Splits.Select(s => $"{s.Key} {s.Value:N0}"))})")));
    }
}
