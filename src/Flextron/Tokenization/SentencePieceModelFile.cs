using System.Buffers.Binary;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// Reads a SentencePiece <c>tokenizer.model</c> (a protocol-buffer message) with a byte-pair (Llama-2) or unigram (T5) model.
/// Field numbers: pieces 1 (text 1, score 2, kind 3), trainer 2 (model kind 3, white space as suffix 24, unknown 40, BOS 41, EOS 42),
/// normalizer 3 (character map 2, dummy prefix 3, remove extra white space 4, escape white space 5), denormalizer 5.
/// </summary>
internal static class SentencePieceModelFile
{
    private const int UnigramKind = 1, BytePairKind = 2;

    public static SentencePieceTokenizer Read(string path)
    {
        byte[] file = BoundedFile.Read(path, "tokenizer.model");
        FlextronException Bad(string what) => new($"{path} is not a SentencePiece tokenizer.model: {what}.");
        FlextronException Unsupported(string what) =>
            new($"{path} asks for {what}, which is not supported; use a tokenizer.json of the same model, or another model.");

        var pieces = new List<SentencePieceTokenizer.Piece>();
        long modelKind = UnigramKind, unknown = 0, bos = 1, eos = 2;
        bool dummyPrefix = true, removesSpaces = true, escapes = true, suffix = false;
        CharacterMap? map = null;
        try
        {
            foreach (ProtoField field in ProtoField.Fields(file))
            {
                if (field.Number == 1)
                {
                    pieces.Add(ReadPiece(field.Bytes, pieces.Count));
                }
                else if (field.Number == 2)
                {
                    foreach (ProtoField setting in ProtoField.Fields(field.Bytes))
                    {
                        // An id of -1 (there is no such token) is written in two's complement of 64 bits.
                        if (setting.Number == 3) modelKind = setting.Value;
                        if (setting.Number == 24) suffix = setting.Value != 0;
                        if (setting.Number == 40) unknown = setting.Value;
                        if (setting.Number == 41) bos = setting.Value;
                        if (setting.Number == 42) eos = setting.Value;
                    }
                }
                else if (field.Number is 3 or 5)
                {
                    foreach (ProtoField setting in ProtoField.Fields(field.Bytes))
                    {
                        if (setting.Number == 2 && setting.Bytes.Length > 0)
                            map = field.Number == 3 ? CharacterMap.Read(setting.Bytes) ?? throw Bad("its character map is not one") : throw Unsupported("character rules for decoding");
                        if (field.Number == 3 && setting.Number == 3) dummyPrefix = setting.Value != 0;
                        if (field.Number == 3 && setting.Number == 4) removesSpaces = setting.Value != 0;
                        if (field.Number == 3 && setting.Number == 5) escapes = setting.Value != 0;
                    }
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw Bad(e.Message);
        }
        if (pieces.Count == 0) throw Bad("it has no pieces");
        if (modelKind is not (UnigramKind or BytePairKind)) throw Unsupported(modelKind switch { 3 => "a word model", 4 => "a character model", _ => $"model kind {modelKind}" });
        if (modelKind == BytePairKind && pieces.Exists(p => p.Kind == SentencePieceTokenizer.PieceKind.Unused)) throw Unsupported("unused pieces in a byte-pair model");
        if (!escapes || suffix) throw Unsupported("white space in another form than a leading ▁");
        int? Id(long id) => id >= 0 && id < pieces.Count ? (int)id : id == -1 ? null : throw Bad($"the special id {id} is outside its {pieces.Count} pieces");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new SentencePieceTokenizer(new SentencePieceTokenizer.Components
        {
            File = path,
            Pieces = pieces,
            Space = '▁',
            Normalizer = new SentencePieceNormalizer(
                map, '▁', dummyPrefix, removesSpaces, pieces.Where(p => p.Kind == SentencePieceTokenizer.PieceKind.UserDefined).Select(p => p.Text)),
            Unigram = modelKind == UnigramKind,
            StripsAtStart = true,
            UnknownId = Id(unknown),
            BosId = Id(bos),
            EosId = Id(eos),
            // The file does not say whether BOS is added; Llama models want it unless their settings say otherwise.
            AddsBos = Id(bos) is not null && SpecialTokenNames.ConfigFlag(folder, "add_bos_token", true),
        });
    }

    private static SentencePieceTokenizer.Piece ReadPiece(byte[] message, int id)
    {
        string text = "";
        float score = 0;
        long kind = 1;
        foreach (ProtoField field in ProtoField.Fields(message))
        {
            if (field.Number == 1)
            {
                if (field.Bytes.Length > SentencePieceTokenizer.LongestPiece) throw new InvalidDataException($"piece {id} has {field.Bytes.Length} bytes");
                try
                {
                    text = TextEncoding.Strict.GetString(field.Bytes);
                }
                catch (DecoderFallbackException)
                {
                    throw new InvalidDataException($"piece {id} is not UTF-8");
                }
            }
            if (field.Number == 2) score = BitConverter.Int32BitsToSingle((int)field.Value);
            if (field.Number == 3) kind = field.Value;
        }
        if (!float.IsFinite(score)) throw new InvalidDataException($"piece {id} has a score that is not a number");
        return new SentencePieceTokenizer.Piece(text, score, kind switch
        {
            1 => SentencePieceTokenizer.PieceKind.Normal,
            2 or 3 => SentencePieceTokenizer.PieceKind.Control,
            4 => SentencePieceTokenizer.PieceKind.UserDefined,
            5 => SentencePieceTokenizer.PieceKind.Unused,
            6 => SentencePieceTokenizer.PieceKind.Byte,
            _ => throw new InvalidDataException($"piece {id} is of the kind {kind}"),
        });
    }

    /// <summary>One field of a protocol-buffer message: a number for scalar fields, bytes for the others.</summary>
    private readonly record struct ProtoField(int Number, long Value, byte[] Bytes)
    {
        public static IEnumerable<ProtoField> Fields(byte[] message)
        {
            for (int at = 0; at < message.Length;)
            {
                ulong tag = Varint(message, ref at);
                int number = (int)(tag >> 3);
                switch (tag & 7)
                {
                    case 0:
                        yield return new ProtoField(number, (long)Varint(message, ref at), []);
                        break;
                    case 1:
                        yield return new ProtoField(number, BinaryPrimitives.ReadInt64LittleEndian(Take(message, 8, ref at)), []);
                        break;
                    case 2:
                        yield return new ProtoField(number, 0, Take(message, Varint(message, ref at), ref at));
                        break;
                    case 5:
                        yield return new ProtoField(number, BinaryPrimitives.ReadInt32LittleEndian(Take(message, 4, ref at)), []);
                        break;
                    default:
                        throw new InvalidDataException($"it holds an unknown wire type at byte {at}");
                }
            }
        }

        private static byte[] Take(byte[] message, ulong length, ref int at)
        {
            if (length > (ulong)(message.Length - at)) throw new InvalidDataException("it ends in the middle of a field");
            byte[] bytes = message.AsSpan(at, (int)length).ToArray();
            at += (int)length;
            return bytes;
        }

        private static ulong Varint(byte[] message, ref int at)
        {
            ulong value = 0;
            for (int shift = 0; shift < 64; shift += 7)
            {
                if (at >= message.Length) throw new InvalidDataException("it ends in the middle of a number");
                byte b = message[at++];
                value |= (ulong)(b & 0x7F) << shift;
                if (b < 0x80) return value;
            }
            throw new InvalidDataException("it holds a number of more than 64 bits");
        }
    }
}
