using Flextron.Workbench.Benchmarks;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Workbench.Benchmarks;

[Collection(AloneCollection.Name)]
public sealed class PeakMemoryTests
{
    private const long Blocks = 24, BlockFloats = 1 << 21;

    // 192 MiB, of which each block is one that the C library keeps when it is freed.
    private const double Bytes = Blocks * BlockFloats * sizeof(float);

    [Fact]
    public void MemoryThatWasFreedBeforeIsNeededAllTheSame()
    {
        Work();
        for (int i = 0; i < 2; i++) Assert.InRange(PeakMemory.During(Work) / Bytes, 0.97, 1.1);

        static void Work()
        {
            using var scope = NewDisposeScope();
            for (int i = 0; i < Blocks; i++) ones(BlockFloats);
            // Longer than the pause between two looks at the process.
            Thread.Sleep(20);
        }
    }

    [Fact]
    public void NothingNeedsNothing() => Assert.InRange(PeakMemory.During(() => Thread.Sleep(10)) / Bytes, -0.05, 0.05);
}
