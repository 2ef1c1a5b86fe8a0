using System.Diagnostics;

namespace Flextron.Tests.HostileFiles;

/// <summary>
/// Loads damaged files one after the other: each loads or is refused with a sentence, quickly, and without allocating out of proportion to its size.
/// </summary>
internal static class HostileRun
{
    // Tables of fixed size (the first step of a trie, direct ids, compiled expressions) and what a parsed vocabulary takes per byte of its text.
    private const long AllocatedAnyway = 16L << 20, AllocatedPerByte = 200;

    /// <param name="count">How many files.</param>
    /// <param name="seed">Seed of the damage.</param>
    /// <param name="damage">Writes the next damaged file and returns the size of all that is loaded.</param>
    /// <param name="load">Loads it, checks what it got, and throws <see cref="FlextronException"/> to refuse.</param>
    public static void Cases(int count, int seed, Func<Random, long> damage, Action load)
    {
        var random = new Random(seed);
        int loads = 0, refusals = 0;
        TimeSpan slowest = TimeSpan.Zero;
        for (int i = 0; i < count; i++)
        {
            long size = damage(random), before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                load();
                loads++;
            }
            catch (FlextronException e)
            {
                refusals++;
                Assert.True(e.Message.Length is > 20 and < 4000 && e.Message.EndsWith('.') && !e.Message.Contains('\n', StringComparison.Ordinal), e.Message);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"case {i}: {e}");
            }
            if (clock.Elapsed > slowest) slowest = clock.Elapsed;
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < AllocatedAnyway + AllocatedPerByte * size, $"case {i}: {allocated} bytes were allocated for a file of {size}");
        }
        TestContext.Current.SendDiagnosticMessage($"{loads} loads, {refusals} refusals, slowest {slowest.TotalMilliseconds:F0} ms");
        Assert.True(loads > 0 && refusals > count / 8, $"the damage is too mild or too strong to tell anything: {loads} loads, {refusals} refusals");
        Assert.True(slowest < TimeSpan.FromSeconds(10), $"one file took {slowest}");
    }
}
