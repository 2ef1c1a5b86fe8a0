using System.Buffers.Binary;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// Reads and writes llama2.c's <c>tokenizer.bin</c>: int32 length of the longest token, then for each token float32 score, int32 length and the
/// UTF-8 bytes, little-endian, to the end of the file. Id 1 is BOS, 2 is EOS, and 3 to 258 are the 256 bytes.
/// </summary>
internal static class Llama2CTokenizerFile
{
    private const int Bos = 1, Eos = 2, FirstByte = 3;

    /// <summary>Reads a file.</summary>
    /// <exception cref="FlextronException">It is missing or not such a file.</exception>
    public static SentencePieceTokenizer Read(string path) => Parse(BoundedFile.Read(path, "tokenizer.bin"), path);

    /// <summary>The file of scored pieces in the order of their ids.</summary>
    public static byte[] Bytes(IEnumerable<(string Text, float Score)> pieces)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(0);
        int longest = 1;
        foreach ((string text, float score) in pieces)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            longest = Math.Max(longest, bytes.Length);
            writer.Write(score);
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
        writer.Seek(0, SeekOrigin.Begin);
        writer.Write(longest);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Reads the content of a file.</summary>
    public static SentencePieceTokenizer Parse(byte[] file, string path)
    {
        FlextronException Bad(string what) => new($"{path} is not a llama2.c tokenizer.bin: {what}.");

        if (file.Length < 4) throw Bad("it has no header");
        if (BinaryPrimitives.ReadInt32LittleEndian(file) <= 0) throw Bad("its longest token has no length");
        var pieces = new List<SentencePieceTokenizer.Piece>();
        for (int at = 4; at < file.Length;)
        {
            if (file.Length - at < 8) throw Bad($"it ends in the middle of token {pieces.Count}");
            float score = BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(at));
            int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            at += 8;
            if (length < 0 || length > file.Length - at) throw Bad($"token {pieces.Count} has {length} bytes, but {file.Length - at} are left");
            if (length > SentencePieceTokenizer.LongestPiece) throw Bad($"token {pieces.Count} has {length} bytes, more than {SentencePieceTokenizer.LongestPiece}");
            if (!float.IsFinite(score)) throw Bad($"token {pieces.Count} has a score that is not a number");
            string text;
            try
            {
                text = TextEncoding.Strict.GetString(file, at, length);
            }
            catch (DecoderFallbackException)
            {
                throw Bad($"token {pieces.Count} is not UTF-8");
            }
            at += length;
            int id = pieces.Count;
            if (id is >= FirstByte and < FirstByte + 256 && TokenDecoder.ByteOf(text) != id - FirstByte)
                throw Bad($"token {id} is not the byte <0x{id - FirstByte:X2}>");
            pieces.Add(new SentencePieceTokenizer.Piece(text, score, id < FirstByte ? SentencePieceTokenizer.PieceKind.Control
                : id < FirstByte + 256 ? SentencePieceTokenizer.PieceKind.Byte : SentencePieceTokenizer.PieceKind.Normal));
        }
        if (pieces.Count < FirstByte + 256) throw Bad($"it has {pieces.Count} tokens, fewer than the {FirstByte + 256} of its special tokens and bytes");
        return new SentencePieceTokenizer(new SentencePieceTokenizer.Components
        {
            File = path,
            Pieces = pieces,
            Space = ' ',
            Normalizer = new SentencePieceNormalizer(map: null, ' ', prefixes: true, removesSpaces: false, userDefined: []),
            StripsAtStart = false,
            UnknownId = 0,
            BosId = Bos,
            EosId = Eos,
            AddsBos = true,
        });
    }
}
