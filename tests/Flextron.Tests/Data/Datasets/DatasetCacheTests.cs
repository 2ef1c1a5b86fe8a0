using System.Security.Cryptography;
using System.Text;
using Flextron.Data.Datasets;
using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;
using Flextron.Storage;
using static Flextron.Tests.Data.Datasets.LoopbackServer;

namespace Flextron.Tests.Data.Datasets;

public sealed class DatasetCacheTests
{
    private const string Line = "{\"goal\":\"open\",\"sol1\":\"pull\",\"sol2\":\"push\"}\n";

    [Fact]
    public void EveryManifestSaysWhatIsNeededAndItsFilesAreWhatTheTaskReads()
    {
        Assert.Equal(["arc_easy", "hellaswag", "lambada_openai", "mmlu", "piqa", "wikitext", "winogrande"], DatasetCatalog.All.Select(m => m.Name));
        Assert.All(DatasetCatalog.All, m =>
        {
            Assert.All(new[] { m.About, m.Homepage, m.Licence }, text => Assert.NotEqual("", text));
            Assert.NotEmpty(m.Splits);
            Assert.NotEmpty(m.Fields);
            Assert.All(m.Downloads, d =>
            {
                Assert.All(d.Urls, url => Assert.Equal(Uri.UriSchemeHttps, new Uri(url).Scheme));
                Assert.True(d.Sha256 is null || (d.Sha256.Length == 64 && d.Sha256.All(char.IsAsciiHexDigitLower)));
                bool archive = ArchiveMembers.IsArchive(new Uri(d.Urls[0]).AbsolutePath);
                Assert.All(d.Files, f => Assert.Equal(archive, f.Member is not null));
            });
        });
        Assert.Contains("choose from arc_easy, hellaswag", Assert.Throws<FlextronException>(() => DatasetCatalog.Get("boolq")).Message, StringComparison.Ordinal);
    }

    // The whole way: an archive over HTTP, checked, unpacked, read by the task, found by the evaluation, and gone on with no network at all.
    [Fact]
    public void ADownloadedDatasetIsFoundByItsTask()
    {
        using TemporaryFolder folder = TestData.Temporary();
        ArchiveMembersTests.Write(folder["piqa.zip"], ("x/dev.jsonl", Line + Line), ("x/dev-labels.lst", "1\n0\n"));
        byte[] bytes = File.ReadAllBytes(folder["piqa.zip"]);
        using var server = new LoopbackServer(_ => new Reply(200, bytes));
        var cache = new DatasetCache(folder["cache"]);
        EvaluationTask task = TaskRegistry.Get("piqa");
        var locator = new DatasetLocator([folder["start"]], null, cache);
        Assert.Null(locator.TryFind(task));
        string absent = Assert.Throws<FlextronException>(() => locator.Find(task)).Message;
        Assert.Contains("flextron data get piqa", absent, StringComparison.Ordinal);
        Assert.Contains("flextron data add piqa PATH", absent, StringComparison.Ordinal);

        DatasetLock entry = Fetch(cache, Piqa(server.Address + "/x.zip", Hash(bytes)));
        Assert.Equal((2, "get"), (entry.Documents, entry.Origin));
        string path = locator.Find(task);
        Assert.Equal(Path.Combine(cache.Folder("piqa"), "valid.jsonl"), path);
        Assert.Equal([1, 0], task.ReadDocuments(path).Select(d => d.Gold));
        Assert.True(cache.Verified("piqa"));
        Assert.Empty(Directory.GetFiles(cache.Downloads));
        Assert.Equal(["piqa"], Directory.GetDirectories(cache.Root).Select(Path.GetFileName));

        // The variable comes before the cache, the cache before a shared folder.
        Directory.CreateDirectory(folder["shared/data/eval/piqa"]);
        Directory.CreateDirectory(folder["own/piqa"]);
        File.WriteAllText(folder["shared/data/eval/piqa/valid.jsonl"], Line);
        File.WriteAllText(folder["own/piqa/valid.jsonl"], Line);
        Assert.Equal(path, new DatasetLocator([folder.Path], null, cache).Find(task));
        Assert.Equal(folder["own/piqa/valid.jsonl"], new DatasetLocator([folder.Path], folder["own"], cache).Find(task));

        File.AppendAllText(path, Line);
        Assert.Contains("not what was stored there", Assert.Throws<FlextronException>(() => locator.Find(task)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAPublishedHashTheFirstDownloadIsTrustedAndLaterOnesMustMatch()
    {
        using TemporaryFolder folder = TestData.Temporary();
        byte[] served = Encoding.UTF8.GetBytes("{\"text\":\"the cat sat\"}\n");
        using var server = new LoopbackServer(_ => new Reply(200, served));
        var cache = new DatasetCache(folder.Path);
        DatasetManifest manifest = Lambada(server.Address + "/lambada.jsonl");
        DatasetLock first = Fetch(cache, manifest);
        Assert.Equal(Hash(served), first.FirstSeen[server.Address + "/lambada.jsonl"]);
        Fetch(cache, manifest);

        byte[] original = served;
        served = Encoding.UTF8.GetBytes("{\"text\":\"the dog ran\"}\n");
        string message = Assert.Throws<FlextronException>(() => Fetch(cache, manifest)).Message;
        Assert.Contains("gave other bytes", message, StringComparison.Ordinal);
        Assert.Equal(original, File.ReadAllBytes(Path.Combine(cache.Folder("lambada_openai"), "lambada_test.jsonl")));
        // Adding a copy by hand does not make the network trusted anew.
        File.WriteAllText(folder["mine.jsonl"], "{\"text\":\"my own copy\"}\n");
        Assert.Equal("add", DatasetRegistration.Add(cache, "lambada_openai", folder["mine.jsonl"]).Origin);
        Assert.Contains("gave other bytes", Assert.Throws<FlextronException>(() => Fetch(cache, manifest)).Message, StringComparison.Ordinal);
        Assert.Equal("{\"text\":\"my own copy\"}\n", File.ReadAllText(Path.Combine(cache.Folder("lambada_openai"), "lambada_test.jsonl")));
    }

    [Fact]
    public void WhatTheTaskCannotReadIsNotKept()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using var server = new LoopbackServer(_ => new Reply(200, "<html>log in first</html>"u8.ToArray()));
        var cache = new DatasetCache(folder.Path);
        Assert.Contains("not valid JSON", Assert.Throws<FlextronException>(() => Fetch(cache, Lambada(server.Address + "/lambada.jsonl"))).Message, StringComparison.Ordinal);
        Assert.Null(cache.FindLock("lambada_openai"));
        Assert.Empty(Directory.GetDirectories(cache.Root));

        File.WriteAllText(folder["bad.jsonl"], Line);
        Assert.Contains("there is no field 'label'", Assert.Throws<FlextronException>(() => DatasetRegistration.Add(cache, "piqa", folder["bad.jsonl"])).Message, StringComparison.Ordinal);
        Assert.Contains("There is no file or folder", Assert.Throws<FlextronException>(() => DatasetRegistration.Add(cache, "piqa", folder["none"])).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(cache.Root));
    }

    [Fact]
    public void AMemberOfAnotherContentIsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        ArchiveMembersTests.Write(folder["piqa.zip"], ("x/dev.jsonl", Line), ("x/dev-labels.lst", "1\n"));
        byte[] bytes = File.ReadAllBytes(folder["piqa.zip"]);
        using var server = new LoopbackServer(_ => new Reply(200, bytes));
        DatasetManifest manifest = Piqa(server.Address + "/x.zip", Hash(bytes));
        manifest = manifest with { Downloads = [manifest.Downloads[0] with { Files = [new("valid.jsonl", "x/dev.jsonl", new string('0', 64)), new("valid-labels.lst", "x/dev-labels.lst")] }] };
        Assert.Contains("x/dev.jsonl of x.zip has the SHA-256", Assert.Throws<FlextronException>(() => Fetch(new DatasetCache(folder.Path), manifest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAKilledProcessLeftIsClearedAway()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var cache = new DatasetCache(folder.Path);
        Directory.CreateDirectory(Path.Combine(cache.Root, ".piqa-staging", "piqa", "half"));
        Directory.CreateDirectory(Path.Combine(cache.Root, ".piqa-old"));
        Directory.CreateDirectory(folder["mine"]);
        File.WriteAllText(folder["mine/valid.jsonl"], Line);
        File.WriteAllText(folder["mine/valid-labels.lst"], "1\n");
        DatasetLock entry = DatasetRegistration.Add(cache, "piqa", folder["mine/valid.jsonl"]);
        Assert.Equal(["valid-labels.lst", "valid.jsonl"], entry.Files.Select(f => f.Name));
        Assert.Equal(["piqa"], Directory.GetDirectories(cache.Root).Select(Path.GetFileName));
        using (FileLock held = FileLock.TryTake(Path.Combine(cache.Root, ".piqa.lock"))!)
            Assert.Contains("Another process", Assert.Throws<FlextronException>(() => DatasetRegistration.Add(cache, "piqa", folder["mine/valid.jsonl"])).Message, StringComparison.Ordinal);
    }

    // Killed between moving the old dataset aside and the new one in: the old one is the only copy, and a failing attempt must not cost it.
    [Fact]
    public void WhatAKilledProcessMovedAsideComesBack()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var cache = new DatasetCache(folder["cache"]);
        File.WriteAllText(folder["valid.jsonl"], Line);
        File.WriteAllText(folder["valid-labels.lst"], "1\n");
        DatasetRegistration.Add(cache, "piqa", folder["valid.jsonl"]);
        Directory.Move(cache.Folder("piqa"), Path.Combine(cache.Root, ".piqa-old"));
        File.WriteAllText(folder["bad.jsonl"], Line);
        Assert.Throws<FlextronException>(() => DatasetRegistration.Add(cache, "piqa", folder["bad.jsonl"]));
        Assert.True(cache.Verified("piqa"));
        Assert.Equal(["piqa"], Directory.GetDirectories(cache.Root).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("FLEXTRON_CACHE", "/elsewhere", "/elsewhere")]
    [InlineData("XDG_CACHE_HOME", "/xdg", "/xdg/flextron")]
    [InlineData("XDG_CACHE_HOME", "relative", "/home/me/.cache/flextron")]
    [InlineData("NOTHING", "", "/home/me/.cache/flextron")]
    public void TheCacheLiesWhereTheSystemKeepsCaches(string variable, string value, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "paths of Linux");
        Assert.Equal(expected, CacheFolder.Choose(name => name == variable ? value : null, "/home/me"));
        Assert.Contains("set FLEXTRON_CACHE", Assert.Throws<FlextronException>(() => CacheFolder.Choose(_ => null, "")).Message, StringComparison.Ordinal);
    }

    private static DatasetLock Fetch(DatasetCache cache, DatasetManifest manifest)
    {
        using var downloader = new HttpDownloader(new DownloadOptions { Attempts = 1, Patience = TimeSpan.FromSeconds(60) });
        return new DatasetFetcher(cache, downloader).GetAsync(manifest, folder => DatasetRegistration.Read(manifest.Name, folder), null, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
    }

    private static DatasetManifest Piqa(string url, string hash) => new()
    {
        Name = "piqa", Downloads = [new DatasetDownload { Urls = [url], Sha256 = hash, Files = [new("valid.jsonl", "x/dev.jsonl"), new("valid-labels.lst", "x/dev-labels.lst")] }],
    };

    private static DatasetManifest Lambada(string url) => new()
    {
        Name = "lambada_openai", Downloads = [new DatasetDownload { Urls = [url], Files = [new("lambada_test.jsonl")] }],
    };

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
