using System.Diagnostics;
using System.Reflection;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Native;

public sealed class ManagedLifetimesTests
{
    [Fact]
    public void TheLoadedTorchSharpIsNotOptimised() =>
        Assert.True(typeof(torch).Assembly.GetCustomAttribute<DebuggableAttribute>()!.IsJITOptimizerDisabled);

    [Fact]
    public void AnOptimisedAssemblyIsMarkedOnce()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string source = typeof(ManagedLifetimes).Assembly.Location, copy = folder[ManagedLifetimes.FileName];
        File.Copy(source, copy);
        byte[] before = File.ReadAllBytes(copy);

        Assert.Null(ManagedLifetimes.Ensure(folder.Path));

        byte[] after = File.ReadAllBytes(copy);
        Assert.InRange(before.Zip(after).Count(p => p.First != p.Second), 1, 2);
        Assert.False(ManagedLifetimes.Mark(after));
        Assert.Equal(File.GetLastWriteTimeUtc(source), File.GetLastWriteTimeUtc(copy));
        File.WriteAllText(copy, "no assembly");
        Assert.Contains("could not be adapted", ManagedLifetimes.Ensure(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void ScalarsOutliveTheirCallsWhileOtherThreadsCollect()
    {
        // Without the mark a run of this length fails a few times.
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect(0);
                Thread.Sleep(1);
            }
        });
        collector.Start();
        try
        {
            Parallel.For(0, 3, new ParallelOptions { MaxDegreeOfParallelism = 3 }, _ =>
            {
                for (int i = 0; i < 60; i++)
                {
                    using var scope = NewDisposeScope();
                    Tensor a = ones(64);
                    for (int step = 0; step < 100; step++) a = (a + a).mul_(0.5).add_(a, 0.25).mul_(0.8);
                    Assert.Equal(1f, a.mean().item<float>(), 1e-4f);
                }
            });
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }
}
