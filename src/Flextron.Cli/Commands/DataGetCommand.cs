using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Data.Datasets;
using Flextron.Evaluation;
using Flextron.Storage;

namespace Flextron.Cli.Commands;

/// <summary><c>data get</c>: downloads datasets into the cache.</summary>
internal sealed class DataGetCommand : VerbCommand
{
    private readonly Argument<string[]> names = new("name") { Description = $"Datasets: {string.Join(", ", DatasetCatalog.All.Select(m => m.Name))}.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> again = new("--again") { Description = "Download although the cache has it." };

    public DataGetCommand() : base(
        "get", "Downloads benchmark datasets into the cache.",
        "A download goes on where it was interrupted and is checked against the manifest's SHA-256; where that has none, the first download is trusted and later ones must match it. The proxy variables of the system are honoured.",
        "data get piqa", "data get lambada_openai piqa arc_easy mmlu")
    {
        Arguments.Add(names);
        Options.Add(again);
    }

    public override bool NeedsTorch => false;

    public override string HowToGoOn => "run the same command again to go on with the download";

    public override VerbResult Execute(CommandContext context)
    {
        DatasetManifest[] manifests = [.. context.Get(names).Select(DatasetCatalog.Get)];
        var cache = new DatasetCache(CacheFolder.Path);
        using var downloader = new HttpDownloader();
        var fetcher = new DatasetFetcher(cache, downloader);
        var results = new List<(DatasetManifest Manifest, DatasetLock Lock, bool Fetched)>();
        foreach (DatasetManifest manifest in manifests)
        {
            bool present = !context.Get(again) && IsVerified(cache, manifest.Name, context);
            DatasetLock entry = present ? cache.FindLock(manifest.Name)!
                : fetcher.GetAsync(manifest, folder => DatasetRegistration.Read(manifest.Name, folder), context, context.Cancellation).GetAwaiter().GetResult();
            results.Add((manifest, entry, !present));
        }
        var json = new
        {
            datasets = results.Select(r => new
            {
                name = r.Manifest.Name, path = cache.Folder(r.Manifest.Name), fetched = r.Fetched, documents = r.Lock.Documents, licence = r.Manifest.Licence, files = r.Lock.Files,
            }).ToArray(),
        };
        return new VerbResult(json, writer =>
        {
            foreach (var d in json.datasets)
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{d.name}: {d.documents:N0} documents in {d.path}{(d.fetched ? "" : " (already there)")}; licence: {d.licence}"));
        });
    }

    private static bool IsVerified(DatasetCache cache, string name, CommandContext context)
    {
        try
        {
            return cache.Verified(name);
        }
        catch (FlextronException e)
        {
            context.Message($"{e.Message} Fetching it now.");
            return false;
        }
    }
}
