using System.Security.Cryptography;
using Flextron.Data.Datasets;
using Flextron.Progress;
using static Flextron.Tests.Data.Datasets.LoopbackServer;

namespace Flextron.Tests.Data.Datasets;

public sealed class HttpDownloaderTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31 >> 3))];
    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Content));
    private static readonly DownloadOptions Quick = new() { Attempts = 3, Pause = TimeSpan.FromMilliseconds(1), Patience = TimeSpan.FromSeconds(60) };

    [Fact]
    public void AFileArrivesWithItsHashAndProgress()
    {
        using var server = new LoopbackServer(_ => new Reply(200, Content));
        using TemporaryFolder folder = TestData.Temporary();
        var seen = new List<StageProgress>();
        (string path, string hash) = Get(folder, [server.Address + "/a.bin"], progress: new Collect(seen));
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Equal(Hash, hash);
        Assert.Equal(("downloading a.bin", Content.Length, Content.Length), (seen[^1].Stage, seen[^1].Done, seen[^1].Total));
        Assert.Equal(seen.Select(p => p.Done).Order(), seen.Select(p => p.Done));
        Assert.StartsWith("flextron/", Assert.Single(server.Requests).Headers["User-Agent"], StringComparison.Ordinal);
    }

    // The server hangs up in the middle, twice; the rest is asked for with the tag of what has arrived.
    [Fact]
    public void ABrokenDownloadGoesOnWhereItEnded()
    {
        int call = 0;
        using var server = new LoopbackServer(r => call++ switch
        {
            0 => new Reply(200, Content, "ETag: \"v1\"") { CutAfter = 100_000 },
            1 => Part(r, "ETag: \"v1\"") with { CutAfter = 50_000 },
            _ => Part(r, "ETag: \"v1\""),
        });
        using TemporaryFolder folder = TestData.Temporary();
        (string path, string hash) = Get(folder, [server.Address + "/a.bin"], sha256: Hash);
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Equal(Hash, hash);
        Assert.Equal([0, 100_000, 150_000], server.Requests.Select(r => r.From));
        Assert.Equal(["\"v1\"", "\"v1\""], server.Requests.Skip(1).Select(r => r.Headers["If-Range"]));
    }

    [Fact]
    public void ALaterRunGoesOnToo()
    {
        int call = 0;
        using var server = new LoopbackServer(r => call++ == 0 ? new Reply(200, Content, "Last-Modified: Tue, 01 Oct 2024 10:00:00 GMT") { CutAfter = 200_000 } : Part(r));
        using TemporaryFolder folder = TestData.Temporary();
        string message = Refused(folder, [server.Address + "/a.bin"], options: Quick with { Attempts = 1 });
        Assert.Contains("200000", message, StringComparison.Ordinal);
        Assert.Contains("run again to go on", message, StringComparison.Ordinal);
        (string path, _) = Get(folder, [server.Address + "/a.bin"]);
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Equal((200_000, "Tue, 01 Oct 2024 10:00:00 GMT"), (server.Requests.Last().From, server.Requests.Last().Headers["If-Range"]));
    }

    // Ranges ignored, another version since, no version known: all begin anew, and no mixture is ever kept.
    [Theory]
    [InlineData("ETag: \"v1\"", "ETag: \"v1\"", 100_000)]
    [InlineData("ETag: \"v1\"", "ETag: \"v2\"", 100_000)]
    [InlineData("ETag: W/\"v1\"", "ETag: W/\"v1\"", 0)]
    [InlineData("X-Nothing: x", "X-Nothing: x", 0)]
    public void AServerThatSendsTheWholeAgainIsTakenAtItsWord(string first, string second, int asked)
    {
        int call = 0;
        using var server = new LoopbackServer(_ => call++ == 0 ? new Reply(200, new byte[250_000], first) { CutAfter = 100_000 } : new Reply(200, Content, second));
        using TemporaryFolder folder = TestData.Temporary();
        (string path, _) = Get(folder, [server.Address + "/a.bin"]);
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Equal([0, asked], server.Requests.Select(r => r.From));
    }

    [Fact]
    public void AnotherPartThanAskedForIsNotAppended()
    {
        int call = 0;
        using var server = new LoopbackServer(_ => call++ switch
        {
            0 => new Reply(200, Content, "ETag: \"v1\"") { CutAfter = 100_000 },
            1 => new Reply(206, Content[5..], $"Content-Range: bytes 5-{Content.Length - 1}/{Content.Length}"),
            _ => new Reply(200, Content),
        });
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Equal(Content, File.ReadAllBytes(Get(folder, [server.Address + "/a.bin"]).Path));
        Assert.Equal([0, 100_000, 0], server.Requests.Select(r => r.From));
    }

    [Fact]
    public void AnUnsatisfiableRangeBeginsAnew()
    {
        int call = 0;
        using var server = new LoopbackServer(_ => call++ switch
        {
            0 => new Reply(200, Content, "ETag: \"v1\"") { CutAfter = 100_000 },
            1 => new Reply(416, []),
            _ => new Reply(200, Content),
        });
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Equal(Content, File.ReadAllBytes(Get(folder, [server.Address + "/a.bin"]).Path));
    }

    [Fact]
    public void WrongBytesAreNotKept()
    {
        using var server = new LoopbackServer(_ => new Reply(200, Content));
        using TemporaryFolder folder = TestData.Temporary();
        string message = Refused(folder, [server.Address + "/a.bin"], sha256: new string('0', 64));
        Assert.Contains($"its SHA-256 is {Hash} and should be 000", message, StringComparison.Ordinal);
        Assert.Contains("more than the 17 expected", Refused(folder, [server.Address + "/c.bin"], size: 17), StringComparison.Ordinal);
        Assert.Contains("should have 300001", Refused(folder, [server.Address + "/d.bin"], size: 300_001), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(folder.Path), f => new FileInfo(f).Length > 0);
    }

    [Fact]
    public void AnAnswerWithoutALengthIsBounded()
    {
        using var server = new LoopbackServer(_ => new Reply(200, Content) { StatesLength = false });
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Equal(Content, File.ReadAllBytes(Get(folder, [server.Address + "/a.bin"]).Path));
        Assert.Contains("longer than the 1000 bytes expected", Refused(folder, [server.Address + "/b.bin"], options: Quick with { LargestBytes = 1000 }), StringComparison.Ordinal);
    }

    [Fact]
    public void AnAbsentFileFallsBackToTheNextAddressOrIsNamed()
    {
        using var server = new LoopbackServer(r => r.Path == "/there.bin" ? new Reply(200, Content) : new Reply(404, []));
        using TemporaryFolder folder = TestData.Temporary();
        string message = Refused(folder, [server.Address + "/gone.bin"]);
        Assert.Contains($"{server.Address}/gone.bin: the server answered 404", message, StringComparison.Ordinal);
        Assert.Contains("flextron data add", message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Equal(Content, File.ReadAllBytes(Get(folder, [server.Address + "/gone.bin", server.Address + "/there.bin"]).Path));
    }

    [Fact]
    public void ABusyServerIsAskedAgainAndASilentOneGivenUp()
    {
        int call = 0;
        using var server = new LoopbackServer(r => r.Path == "/silent" ? new Reply(200, Content) { CutAfter = 10, Silence = TimeSpan.FromSeconds(30) }
            : call++ == 0 ? new Reply(503, []) : new Reply(200, Content));
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Equal(Content, File.ReadAllBytes(Get(folder, [server.Address + "/a.bin"]).Path));
        Assert.Contains("nothing came for 0.2 seconds", Refused(folder, [server.Address + "/silent"], options: Quick with { Attempts = 1, Patience = TimeSpan.FromSeconds(0.2) }), StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1", Refused(folder, ["http://127.0.0.1:1/nobody"]), StringComparison.Ordinal);
    }

    [Fact]
    public void RedirectionsAreFollowedWithinHttp()
    {
        using var server = new LoopbackServer(r => r.Path switch
        {
            "/one" => new Reply(302, [], "Location: /two?x=1"),
            "/two?x=1" => new Reply(308, [], "Location: three"),
            "/three" => new Reply(200, Content),
            "/round" => new Reply(302, [], "Location: /round"),
            "/file" => new Reply(302, [], "Location: file:///etc/passwd"),
            "/ftp" => new Reply(301, [], "Location: ftp://127.0.0.1/x"),
            _ => new Reply(404, []),
        });
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Equal(Content, File.ReadAllBytes(Get(folder, [server.Address + "/one"]).Path));
        Assert.Contains("leads on more than 10 times", Refused(folder, [server.Address + "/round"]), StringComparison.Ordinal);
        Assert.Contains("leads to file:", Refused(folder, [server.Address + "/file"]), StringComparison.Ordinal);
        Assert.Contains("leads to ftp:", Refused(folder, [server.Address + "/ftp"]), StringComparison.Ordinal);
        Assert.Contains("leads to file:", Refused(folder, ["file:///etc/passwd"]), StringComparison.Ordinal);
    }

    [Fact]
    public void StoppingKeepsWhatHasArrived()
    {
        int call = 0;
        using var server = new LoopbackServer(r => call++ == 0 ? new Reply(200, Content, "ETag: \"v1\"") { CutAfter = 150_000, Silence = TimeSpan.FromSeconds(30) } : Part(r));
        using TemporaryFolder folder = TestData.Temporary();
        using var stop = new CancellationTokenSource();
        using (var downloader = new HttpDownloader(Quick))
        {
            Assert.ThrowsAny<OperationCanceledException>(() => downloader.GetAsync(
                new DatasetDownload { Urls = [server.Address + "/a.bin"] }, folder.Path, new Collect([], p => { if (p.Done >= 150_000) stop.Cancel(); }), stop.Token).GetAwaiter().GetResult());
        }
        Assert.Equal(Content, File.ReadAllBytes(Get(folder, [server.Address + "/a.bin"]).Path));
        Assert.Equal(150_000, server.Requests.Last().From);
    }

    private static Reply Part(Request request, params string[] headers) =>
        new(206, Content[request.From..], [.. headers, $"Content-Range: bytes {request.From}-{Content.Length - 1}/{Content.Length}"]);

    private static (string Path, string Hash) Get(TemporaryFolder folder, string[] urls, string? sha256 = null, long? size = null, IProgress<StageProgress>? progress = null, DownloadOptions? options = null)
    {
        using var downloader = new HttpDownloader(options ?? Quick);
        return downloader.GetAsync(new DatasetDownload { Urls = urls, Sha256 = sha256, Size = size }, folder.Path, progress, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
    }

    private static string Refused(TemporaryFolder folder, string[] urls, string? sha256 = null, long? size = null, DownloadOptions? options = null)
    {
        string message = Assert.Throws<FlextronException>(() => Get(folder, urls, sha256, size, null, options)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private sealed class Collect(List<StageProgress> seen, Action<StageProgress>? then = null) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            seen.Add(value);
            then?.Invoke(value);
        }
    }
}
