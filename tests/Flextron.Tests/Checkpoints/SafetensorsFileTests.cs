using System.Buffers.Binary;
using Flextron.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ReadsEntriesMetadataAndValues()
    {
        const string Header = """
            {"__metadata__":{"format":"pt","note":"é"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}
            """;
        using SafetensorsFile file = Open(SafetensorsBytes.Make(Header, [.. new byte[8], .. SafetensorsBytes.Floats([1, 2, 3, 4, 5, 6])]));
        Assert.Equal(["b", "a"], file.Entries.Keys);
        Assert.Equal("I64", file.Entries["a"].Dtype);
        Assert.Empty(file.Entries["a"].Shape);
        Assert.Equal("é", file.Metadata["note"]);
        using Tensor target = zeros(2, 3);
        file.CopyTo("b", target);
        Assert.Equal([1f, 2, 3, 4, 5, 6], target.data<float>().ToArray());
    }

    [Fact]
    public void FillsStridedTensors()
    {
        using SafetensorsFile file = Open(SafetensorsBytes.Make(Entry("[2,3]", 0, 24), SafetensorsBytes.Floats([1, 2, 3, 4, 5, 6])));
        using Tensor target = zeros(3, 2);
        file.CopyTo("w", target.t());
        Assert.Equal([1f, 4, 2, 5, 3, 6], target.data<float>().ToArray());
    }

    [Theory]
    [InlineData(2_500_000, 1)]
    [InlineData(1, 2_500_000)]
    [InlineData(2, 1_250_001)]
    [InlineData(1250, 2001)]
    public void TensorsLargerThanThePieceTheyTravelInArriveWhole(int rows, int columns)
    {
        float[] values = [.. Enumerable.Range(0, rows * columns).Select(i => (float)i)];
        byte[] data = new byte[values.Length * 4];
        Buffer.BlockCopy(values, 0, data, 0, data.Length);
        using SafetensorsFile file = Open(SafetensorsBytes.Make(Entry($"[{rows},{columns}]", 0, data.Length), data));
        using Tensor target = zeros(columns, rows);
        file.CopyTo("w", target.t());
        using Tensor back = target.t().contiguous();
        Assert.True(back.data<float>().ToArray().AsSpan().SequenceEqual(values));
        SafetensorsWriter.Write(folder["copy"], [("w", target.t())]);
        Assert.True(SafetensorsBytes.Split(File.ReadAllBytes(folder["copy"])).Data.AsSpan().SequenceEqual(data));
    }

    [Theory]
    [InlineData("F16")]
    [InlineData("BF16")]
    public void EveryHalfPatternReadsAsItsValue(string dtype)
    {
        byte[] data = [.. Enumerable.Range(0, 65536).SelectMany(i => BitConverter.GetBytes((ushort)i))];
        using SafetensorsFile file = Open(SafetensorsBytes.Make($$$"""{"w":{"dtype":"{{{dtype}}}","shape":[65536],"data_offsets":[0,131072]}}""", data));
        using Tensor target = zeros(65536);
        file.CopyTo("w", target);
        float[] read = target.data<float>().ToArray();
        for (int i = 0; i < read.Length; i++)
        {
            float expected = dtype == "F16" ? (float)BitConverter.UInt16BitsToHalf((ushort)i) : BitConverter.UInt32BitsToSingle((uint)i << 16);
            if (float.IsNaN(expected)) Assert.True(float.IsNaN(read[i]));
            else Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(read[i]));
        }
    }

    // The positive codes count up in steps that double with every exponent, from zero; the negative ones mirror them.
    [Theory]
    [InlineData("F8_E4M3", 3, 0.001953125f, 448f, 126)]
    [InlineData("F8_E5M2", 2, 0.0000152587890625f, 57344f, 123)]
    public void EveryByteReadsAsItsValue(string dtype, int mantissaBits, float smallest, float largest, int lastFinite)
    {
        byte[] data = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        using SafetensorsFile file = Open(SafetensorsBytes.Make($$$"""{"w":{"dtype":"{{{dtype}}}","shape":[16,16],"data_offsets":[0,256]}}""", data));
        using Tensor target = zeros(16, 16, ScalarType.BFloat16);
        file.CopyTo("w", target.t());
        using Tensor back = target.t().to(ScalarType.Float32).contiguous();
        float[] read = back.data<float>().ToArray();
        float value = 0, step = smallest;
        for (int code = 0; code <= lastFinite; code++)
        {
            Assert.Equal(value, read[code]);
            Assert.Equal(-value, read[code + 128]);
            if (code >= 2 << mantissaBits && code % (1 << mantissaBits) == 0) step *= 2;
            value += step;
        }
        Assert.Equal(largest, read[lastFinite]);
        Assert.True(float.IsNegative(read[128]));
        for (int code = lastFinite + 1; code < 128; code++)
        {
            // Only E5M2 has an infinity.
            bool infinite = code == 124;
            Assert.Equal(infinite, float.IsPositiveInfinity(read[code]) && float.IsNegativeInfinity(read[code + 128]));
            Assert.Equal(!infinite, float.IsNaN(read[code]) && float.IsNaN(read[code + 128]));
        }
    }

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""", "names 'w' twice")]
    [InlineData("""{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "has dtype twice")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "__metadata__ names 'a' twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "has __metadata__ twice")]
    [InlineData("""{"__metadata__":[],"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "__metadata__ is not a JSON object")]
    [InlineData("""{"__metadata__":{"a":1},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "entry 'a' is not a text")]
    [InlineData("""{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'w' overlaps 'v'")]
    [InlineData("""{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "overlaps")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "4 bytes before 'w' belong to no tensor")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "4 bytes at its end belong to no tensor")]
    [InlineData("""{}""", "8 bytes at its end belong to no tensor")]
    [InlineData("""{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "not within its 8 bytes of data")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "not within its 8 bytes of data")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "not within its 8 bytes of data")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "the data_offsets of 'w' is not a list of counts")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]}}""", "the data_offsets of 'w' is not a list of counts")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "the shape of 'w' is not a list of counts")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", "the shape of 'w' is not a list of counts")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}""", "the shape of 'w' has 65 entries")]
    [InlineData("""{"w":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "has no list shape")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", "has no list data_offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "needs 12 bytes as F32 but its data_offsets span 8")]
    [InlineData("""{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}}""", "needs 4 bytes as F16 but its data_offsets span 8")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}""", "is larger than any file")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}}""", "is larger than any file")]
    [InlineData("""{"w":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""", "unknown dtype 'F31'")]
    [InlineData("""{"w":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", "'w' has no dtype")]
    [InlineData("""{"w":[]}""", "the description of 'w' is not a JSON object")]
    [InlineData("""[]""", "its header is not a JSON object")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", "its header is not readable JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "its header is not readable JSON")]
    [InlineData("", "its header is not readable JSON")]
    public void EveryKindOfLieInTheHeaderIsNamed(string header, string why)
    {
        string message = Refusal(SafetensorsBytes.Make(header, new byte[8]));
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains(folder["file"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void BytesThatAreNotUtf8AreRefused() =>
        Assert.Contains("not readable JSON", Refusal(SafetensorsBytes.Make([(byte)'{', (byte)'"', 0xff, (byte)'"', (byte)'}'], [])), StringComparison.Ordinal);

    [Fact]
    public void DeepNestingIsRefused() =>
        Assert.Contains("not readable JSON", Refusal(SafetensorsBytes.Make(string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), [])), StringComparison.Ordinal);

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1ul << 63)]
    [InlineData(100_000_001)]
    [InlineData(60)]
    public void HeaderLengthBeyondTheFileIsRefused(ulong length)
    {
        byte[] file = SafetensorsBytes.Make(Entry("[2]", 0, 8), new byte[8]);
        BinaryPrimitives.WriteUInt64LittleEndian(file, length + (length == 60 ? (ulong)file.Length : 0));
        Assert.Contains("its header claims", Refusal(file), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        byte[] file = SafetensorsBytes.Make(Entry("[2]", 0, 8), new byte[8]);
        for (int length = 0; length < file.Length; length++)
            Assert.Contains("is not a", Refusal(file[..length]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F64", 8)]
    [InlineData("I32", 4)]
    [InlineData("BOOL", 1)]
    public void OtherElementTypesAreListedButNotRead(string dtype, int size)
    {
        using SafetensorsFile file = Open(SafetensorsBytes.Make($$$"""{"w":{"dtype":"{{{dtype}}}","shape":[1],"data_offsets":[0,{{{size}}}]}}""", new byte[size]));
        Assert.Equal(dtype, file.Entries["w"].Dtype);
        using Tensor target = zeros(1);
        Assert.Contains($"stored as {dtype}", Assert.Throws<FlextronException>(() => file.CopyTo("w", target)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongShapeAndUnknownNameAreNamed()
    {
        using SafetensorsFile file = Open(SafetensorsBytes.Make(Entry("[2]", 0, 8), new byte[8]));
        using Tensor target = zeros(1, 2);
        Assert.Contains("shape [2] where [1, 2] is needed", Assert.Throws<FlextronException>(() => file.CopyTo("w", target)).Message, StringComparison.Ordinal);
        Assert.Contains("no tensor x", Assert.Throws<FlextronException>(() => file.CopyTo("x", target)).Message, StringComparison.Ordinal);
    }

    private static string Entry(string shape, long from, long to) => $$$"""{"w":{"dtype":"F32","shape":{{{shape}}},"data_offsets":[{{{from}}},{{{to}}}]}}""";

    private SafetensorsFile Open(byte[] content)
    {
        File.WriteAllBytes(folder["file"], content);
        return SafetensorsFile.Open(folder["file"]);
    }

    private string Refusal(byte[] content) => Assert.Throws<FlextronException>(() => Open(content)).Message;
}
