using System.Buffers.Binary;
using System.Text;
using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class TensorBoardLogTests
{
    // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0x8a9136aau)]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x62a8ab43u)]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0x46dd794eu)]
    [InlineData("313233343536373839", 0xe3069283u)]
    public void TheChecksumIsCastagnolisMasked(string hex, uint crc)
    {
        uint masked = TensorBoardLog.MaskedCrc(Convert.FromHexString(hex));
        uint rotated = unchecked(masked - 0xa282ead8u);

        Assert.Equal(crc, (rotated >> 17) | (rotated << 15));
    }

    [Fact]
    public void AnIndependentReaderFindsEveryScalar()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using (var log = new TensorBoardLog(folder.Path))
        {
            log.Write(1, [new("loss", 2.5), new("heldOut/0.5", 3.25)]);
            log.Write(300, [new("loss", -0.125)]);
        }
        using (var resumed = new TensorBoardLog(folder.Path)) resumed.Write(301, [new("loss", 1)]);

        string[] files = [.. Directory.GetFiles(folder.Path).Order(StringComparer.Ordinal)];
        Assert.Equal(2, files.Length);
        List<byte[]> events = Frames(File.ReadAllBytes(files[0]));
        Assert.Equal("brain.Event:2", Encoding.UTF8.GetString(Field(events[0], 3)));
        Assert.Equal(1L, (long)Number(events[1], 2));
        Assert.Equal([("loss", 2.5f), ("heldOut/0.5", 3.25f)], Scalars(events[1]));
        Assert.Equal(300L, (long)Number(events[2], 2));
        Assert.Equal([("loss", -0.125f)], Scalars(events[2]));
        Assert.InRange(BitConverter.ToDouble(Field(events[2], 1)), 1.5e9, 1e11);
    }

    // A table-free CRC of its own: bit by bit over the reflected polynomial.
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ ((crc & 1) * 0x82f63b78u);
        }
        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u);
    }

    private static List<byte[]> Frames(byte[] file)
    {
        var frames = new List<byte[]>();
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Crc(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            byte[] data = file.AsSpan(at + 12, length).ToArray();
            Assert.Equal(Crc(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            frames.Add(data);
            at += 16 + length;
        }
        return frames;
    }

    private static List<(string, float)> Scalars(byte[] message) =>
        [.. Fields(Field(message, 5)).Where(f => f.Number == 1).Select(f => (Encoding.UTF8.GetString(Field(f.Bytes, 1)), BitConverter.ToSingle(Field(f.Bytes, 2))))];

    private static byte[] Field(byte[] message, int number) => Fields(message).First(f => f.Number == number).Bytes;

    private static ulong Number(byte[] message, int number) => BitConverter.ToUInt64(Field(message, number));

    private static IEnumerable<(int Number, byte[] Bytes)> Fields(byte[] message)
    {
        int at = 0;
        ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte b = message[at++];
                value |= (ulong)(b & 0x7f) << shift;
                if (b < 0x80) return value;
            }
        }

        while (at < message.Length)
        {
            int key = (int)Varint(), length;
            byte[] bytes;
            switch (key & 7)
            {
                case 0: bytes = BitConverter.GetBytes(Varint()); break;
                case 1: bytes = message[at..(at += 8)]; break;
                case 5: bytes = message[at..(at += 4)]; break;
                default: length = (int)Varint(); bytes = message[at..(at += length)]; break;
            }
            yield return (key >> 3, bytes);
        }
    }
}
