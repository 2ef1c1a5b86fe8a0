using System.Globalization;
using System.Runtime.InteropServices;

namespace Flextron.Workbench.Benchmarks;

/// <summary>Most memory that a piece of work needs, by looking at the process every millisecond.</summary>
internal static partial class PeakMemory
{
    /// <summary>
    /// Bytes beyond what the process had before. On Linux pages of mapped files do not count, which the system takes back when it needs to; memory that was freed before is
    /// returned first, where the C library can: work that fits into it would seem to need none.
    /// </summary>
    public static long During(Action work)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        ReturnFreed();
        long before = Now(), most = before;
        using var done = new ManualResetEventSlim();
        var watch = new Thread(() =>
        {
            do most = Math.Max(most, Now());
            while (!done.Wait(1));
        });
        watch.Start();
        try
        {
            work();
        }
        finally
        {
            done.Set();
            watch.Join();
        }
        return most - before;
    }

    private static long Now()
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status)) return Environment.WorkingSet;
        string? line = File.ReadLines(Status).FirstOrDefault(l => l.StartsWith("RssAnon:", StringComparison.Ordinal));
        return line is null ? Environment.WorkingSet : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static void ReturnFreed()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = Trim(0);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // Other C libraries than glibc have no such call.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint kept);
}
