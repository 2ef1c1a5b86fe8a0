using System.Text.Json.Nodes;
using Flextron.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Checkpoints;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WritesTheFormatAsOthersReadIt()
    {
        using Tensor b = arange(6, ScalarType.Float32).view(2, 3), a = tensor(7f);
        SafetensorsWriter.Write(folder["m"], [("b", b.t()), ("a", a)], metadata: new Dictionary<string, string> { ["note"] = "n", ["format"] = "np" });
        (string header, byte[] data) = SafetensorsBytes.Split(File.ReadAllBytes(folder["m"]));
        Assert.Equal(0, header.Length % 8);
        Assert.Equal("""{"__metadata__":{"format":"pt","note":"n"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[3,2],"data_offsets":[4,28]}}""",
            header.TrimEnd(' '));
        Assert.Equal(SafetensorsBytes.Floats([7, 0, 3, 1, 4, 2, 5]), data);
    }

    [Theory]
    [InlineData(ScalarType.Float16, "F16")]
    [InlineData(ScalarType.BFloat16, "BF16")]
    public void RoundsToNearestEven(ScalarType dtype, string word)
    {
        float[] values = Rounding(dtype == ScalarType.Float16 ? 65519f : float.MaxValue / 2);
        using Tensor source = tensor(values);
        SafetensorsWriter.Write(folder["m"], [("w", source)], dtype);
        (string header, byte[] data) = SafetensorsBytes.Split(File.ReadAllBytes(folder["m"]));
        Assert.Equal(word, (string?)JsonNode.Parse(header)!["w"]!["dtype"]);
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            ushort expected = dtype == ScalarType.Float16
                ? BitConverter.HalfToUInt16Bits((Half)values[i])
                : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
            Assert.Equal(expected, BitConverter.ToUInt16(data, 2 * i));
        }
    }

    [Fact]
    public void NothingIsHalfWrittenWhenAValueDoesNotFit()
    {
        File.WriteAllText(folder["m"], "before");
        using Tensor good = ones(3), bad = tensor([1f, 65520f]);
        string message = Assert.Throws<FlextronException>(() => SafetensorsWriter.Write(folder["m"], [("a", good), ("b", bad)], ScalarType.Float16)).Message;
        Assert.Contains("b has values too large for Float16", message, StringComparison.Ordinal);
        Assert.Equal("before", File.ReadAllText(folder["m"]));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void InfinityAndNotANumberArePassedOn()
    {
        using Tensor odd = tensor([float.PositiveInfinity, float.NaN]);
        SafetensorsWriter.Write(folder["m"], [("w", odd)], ScalarType.Float16);
        byte[] data = SafetensorsBytes.Split(File.ReadAllBytes(folder["m"])).Data;
        Assert.Equal(Half.PositiveInfinity, BitConverter.ToHalf(data, 0));
        Assert.True(Half.IsNaN(BitConverter.ToHalf(data, 2)));
    }

    [Fact]
    public void NothingIsLeftWhereAFolderStandsInTheWay()
    {
        Directory.CreateDirectory(folder["m"]);
        using Tensor good = ones(3);
        Assert.Contains("Cannot write", Assert.Throws<FlextronException>(() => SafetensorsWriter.Write(folder["m"], [("a", good)])).Message, StringComparison.Ordinal);
        Assert.Equal([folder["m"]], Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "__metadata__")]
    public void NamesMustBeDifferentAndFree(string first, string second)
    {
        using Tensor good = ones(3);
        string message = Assert.Throws<FlextronException>(() => SafetensorsWriter.Write(folder["m"], [(first, good), (second, good)])).Message;
        Assert.Contains($"{second} is reserved or used twice", message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["m"]));
    }

    // Random bit patterns over the whole range, and halfway cases of both types with their neighbours.
    private static float[] Rounding(float limit)
    {
        var random = new Random(11);
        var values = new List<float> { 0f, -0f, float.Epsilon, 1f };
        while (values.Count < 40_000)
        {
            uint bits = (uint)random.NextInt64(1L << 32);
            foreach (uint pattern in (uint[])[bits, (bits & 0xffff0000) | 0x8000, (bits & 0xffffe000) | 0x1000, (bits & 0xffffe000) | 0x1001])
            {
                float value = BitConverter.UInt32BitsToSingle(pattern);
                if (Math.Abs(value) < limit) values.Add(value);
                // The same digits where both types have normal or subnormal numbers.
                float near = BitConverter.UInt32BitsToSingle((pattern & 0x807fffff) | (uint)random.Next(100, 142) << 23);
                if (Math.Abs(near) < limit) values.Add(near);
            }
        }
        return [.. values];
    }
}
