using System.Diagnostics;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class StageLockTests
{
    [Fact]
    public void HoldsUntilDisposed()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string path = folder["locks/a.lock"];
        Assert.False(StageLock.IsTaken(path));
        using (StageLock? held = StageLock.TryTake(path))
        {
            Assert.NotNull(held);
            Assert.Null(StageLock.TryTake(path));
            Assert.True(StageLock.IsTaken(path));
        }
        Assert.False(StageLock.IsTaken(path));
    }

    [Fact]
    public void AnotherProcessHoldsItUntilItIsKilled()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/flock"), "needs the flock program of Linux to hold a lock in another process");
        using TemporaryFolder folder = TestData.Temporary();
        string path = folder["a.lock"];
        using Process other = Process.Start(new ProcessStartInfo("/usr/bin/flock", [path, "sleep", "60"]))!;
        Assert.True(SpinWait.SpinUntil(() => StageLock.IsTaken(path), TimeSpan.FromSeconds(10)));
        Assert.Null(StageLock.TryTake(path));
        other.Kill(entireProcessTree: true);
        bool waited = false;
        using StageLock taken = StageLock.Take(path, () => waited = true, TestContext.Current.CancellationToken);
        Assert.True(waited || StageLock.IsTaken(path));
    }

    [Fact]
    public void APathThatCannotBeMadeIsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["file"], "");
        Assert.Contains("Cannot lock", Assert.Throws<FlextronException>(() => StageLock.TryTake(folder["file/a.lock"])).Message, StringComparison.Ordinal);
    }
}
