using System.Globalization;
using Flextron.Kernels;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Native;

public sealed class HugeTensorTests
{
    private const string Switch = "/sys/kernel/mm/transparent_hugepage/enabled";

    [Theory]
    [InlineData(1, ScalarType.Float32)]
    [InlineData(300_000, ScalarType.Float32)]
    [InlineData(1_700_001, ScalarType.BFloat16)]
    [InlineData(700_001, ScalarType.Float64)]
    public void ZerosAreZerosAndCopiesAreCopies(long count, ScalarType dtype)
    {
        // What has just been freed is likely to be given out again, as it was left.
        using (Tensor earlier = HugeTensor.Zeros(count, dtype, CPU)) earlier.fill_(1);
        using Tensor zeros = HugeTensor.Zeros(count, dtype, CPU);
        Assert.Equal((count, dtype, 1L), (zeros.numel(), zeros.dtype, zeros.dim()));
        Assert.Equal(0, zeros.count_nonzero().item<long>());
        using Tensor numbers = arange(count, ScalarType.Float64), copy = HugeTensor.Copy(numbers, dtype, CPU);
        Assert.True(copy.equal(numbers.to(dtype)).all().item<bool>());
    }

    [Theory]
    [InlineData(HugeTensor.SmallestBytes, 1)]
    [InlineData(2L << 20, 1)]
    [InlineData((3L << 20) - 1, 1)]
    [InlineData(3L << 20, 2)]
    [InlineData((28L << 30) + 5, 14336)]
    public void ALastPageThatIsHalfEmptyStaysSmall(long bytes, long pages)
    {
        Assert.Equal(pages * HugePages.Size, HugeTensor.HugeBytes(bytes));
        // More than the tensor by no more than half a page.
        Assert.InRange(HugeTensor.HugeBytes(bytes) - bytes, long.MinValue, HugePages.Size / 2);
    }

    [Fact]
    public void MoreMemoryThanThereIsIsSaidSo()
    {
        var e = Assert.Throws<FlextronException>(() => HugeTensor.Zeros(1L << 46, ScalarType.Float32, CPU));
        Assert.Contains($"no memory for {1L << 28} MiB of weights as Float32 on cpu: use a smaller model", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LargeTensorsBeginAtAHugePageAndSmallOnesAreLeftToLibtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux is asked for huge pages.");
        using Tensor large = HugeTensor.Zeros(HugePages.Size, ScalarType.Float32, CPU);
        Assert.Equal(0, TensorPointer.Address(large) % HugePages.Size);
        using Tensor small = HugeTensor.Zeros(HugeTensor.SmallestBytes / 4 - 1, ScalarType.Float32, CPU);
        Assert.Equal(0, small.storage_offset());
    }

    [Fact]
    public void TheSystemHoldsWeightsInHugePages()
    {
        Assert.SkipUnless(File.Exists(Switch) && !File.ReadAllText(Switch).Contains("[never]", StringComparison.Ordinal), "This system has no transparent huge pages.");
        using Tensor tensor = HugeTensor.Zeros(16L * HugePages.Size / sizeof(float), ScalarType.Float32, CPU);
        // Memory may be too fragmented for all of them; none at all would be a mistake of ours.
        Assert.InRange(HugeBytes(TensorPointer.Address(tensor), 16L * HugePages.Size), HugePages.Size, long.MaxValue);
    }

    [Fact]
    public void MemoryThatWasWrittenBeforeIsMovedAndKeepsItsValues()
    {
        Assert.SkipUnless(File.Exists(Switch) && !File.ReadAllText(Switch).Contains("[never]", StringComparison.Ordinal), "This system has no transparent huge pages.");
        using Tensor tensor = arange(8L * HugePages.Size / sizeof(float), ScalarType.Float32);
        nint address = TensorPointer.Address(tensor);
        Assert.SkipUnless(HugePages.Collapse(address, 8L * HugePages.Size), "This system does not move memory into huge pages on request.");
        Assert.InRange(HugeBytes(address, 8L * HugePages.Size), 6L * HugePages.Size, long.MaxValue);
        using Tensor expected = arange(8L * HugePages.Size / sizeof(float), ScalarType.Float32);
        Assert.True(tensor.equal(expected).all().item<bool>());
    }

    [Fact]
    public void LessThanAPageIsNoMistake()
    {
        Assert.False(HugePages.Advise(HugePages.Size + 1, HugePages.Size));
        Assert.False(HugePages.Collapse(0, 0));
    }

    // Bytes in huge pages of the mappings that hold some of a range, as the kernel tells; advice given to a part divides one.
    private static long HugeBytes(nint address, long bytes)
    {
        bool inside = false;
        long sum = 0;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] words = line.Split([' ', '-'], 3);
            if (words.Length == 3 && long.TryParse(words[0], NumberStyles.HexNumber, null, out long from) && long.TryParse(words[1], NumberStyles.HexNumber, null, out long to))
                inside = from < address + bytes && address < to;
            else if (inside && line.StartsWith("AnonHugePages:", StringComparison.Ordinal))
                sum += 1024 * long.Parse(line["AnonHugePages:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
        }
        return sum;
    }
}
