using System.Diagnostics;
using Flextron.Storage;

namespace Flextron.Tests.Storage;

public sealed class FileLockTests
{
    [Fact]
    public void HoldsUntilDisposed()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string path = folder["locks/a.lock"];
        Assert.False(FileLock.IsTaken(path));
        using (FileLock? held = FileLock.TryTake(path))
        {
            Assert.NotNull(held);
            Assert.Null(FileLock.TryTake(path));
            Assert.True(FileLock.IsTaken(path));
        }
        Assert.False(FileLock.IsTaken(path));
    }

    [Fact]
    public void AnotherProcessHoldsItUntilItIsKilled()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/flock"), "needs the flock program of Linux to hold a lock in another process");
        using TemporaryFolder folder = TestData.Temporary();
        string path = folder["a.lock"];
        using Process other = Process.Start(new ProcessStartInfo("/usr/bin/flock", [path, "sleep", "60"]))!;
        Assert.True(SpinWait.SpinUntil(() => FileLock.IsTaken(path), TimeSpan.FromSeconds(10)));
        Assert.Null(FileLock.TryTake(path));
        other.Kill(entireProcessTree: true);
        bool waited = false;
        using FileLock taken = FileLock.Take(path, () => waited = true, TestContext.Current.CancellationToken);
        Assert.True(waited || FileLock.IsTaken(path));
    }

    [Fact]
    public void APathThatCannotBeMadeIsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["file"], "");
        Assert.Contains("Cannot lock", Assert.Throws<FlextronException>(() => FileLock.TryTake(folder["file/a.lock"])).Message, StringComparison.Ordinal);
    }
}
