using System.Buffers.Binary;
using Flextron.Models;
using Flextron.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>
/// llama2.c checkpoints (the original layout): seven int32 (dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len), then
/// float32 tensors, each kind for all layers before the next kind. A negative vocab_size marks an untied head at the end.
/// </summary>
/// <remarks>
/// Rotary pairs are (2i, 2i+1) there and (i, i + H/2) here, so the rows of each query and key head are permuted on the way in and back on
/// the way out. Norm epsilon (1e-5), rotary base (10000) and token ids (BOS 1, EOS 2) are fixed by the format. The rotary tables in the
/// file follow from these and are skipped. A model of another epsilon ε is written as the same function: √(1e-5/ε)·x, normalised with 1e-5,
/// is x normalised with ε, so the residual stream (embedding, output and down projections) is scaled by that, and a tied head written apart.
/// </remarks>
public static class Llama2CheckpointFile
{
    private const int HeaderBytes = 7 * sizeof(int);
    private const double Epsilon = 1e-5, Theta = 10000;
    private const int Bos = 1, Eos = 2;

    /// <summary>Reads the shape and checks that the file has exactly the size that it implies.</summary>
    /// <exception cref="FlextronException">Missing, not such a file, or of another size.</exception>
    public static ModelConfig ReadConfig(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using MappedFile file = MappedFile.Open(path, "a llama2.c checkpoint", HeaderBytes);
        return ReadConfig(file);
    }

    /// <summary>Reads shape and weights.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dtype">Element type to hold them in: Float32, Float16 or BFloat16.</param>
    /// <param name="device">Where; CPU by default.</param>
    /// <exception cref="FlextronException">Missing, not such a file, or of another size.</exception>
    public static LoadedCheckpoint Load(string path, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        TensorBytes.SizeOf(dtype);
        using MappedFile file = MappedFile.Open(path, "a llama2.c checkpoint", HeaderBytes);
        ModelConfig config = ReadConfig(file);
        using var scope = NewDisposeScope();
        DecoderWeights weights = DecoderWeights.Allocate(config, dtype, device);
        try
        {
            long at = HeaderBytes;
            foreach ((Tensor? tensor, _) in InFileOrder(weights))
            {
                if (tensor is not null) TensorBytes.Read(file, at, ScalarType.Float32, tensor);
                at += sizeof(float) * (tensor?.numel() ?? RotaryLength(config));
            }
            if (!config.TiedEmbeddings) TensorBytes.Read(file, at, ScalarType.Float32, weights.Head_VC);
            return new LoadedCheckpoint(config, weights, CheckpointFormat.Llama2C, Path.GetFullPath(path));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Writes a model as one file, atomically, in float32; the file computes the same function (see the remarks).</summary>
    /// <exception cref="FlextronException">The format cannot express the model (the message says what), or the file cannot be written.</exception>
    public static void Save(DecoderWeights weights, string path)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(path);
        ModelConfig config = weights.Config;
        void Require(bool holds, string what)
        {
            if (!holds)
                throw new FlextronException($"{path} cannot be written as a llama2.c checkpoint, which {what}: save it in the HuggingFace format.");
        }
        Require(
            config.Architecture.HasLlamaLayers && config.Architecture.RopeScaling is null && config.SeesWholeContext && config.UnrotatedBlocks is null,
            $"has the layers of Llama with plain rotary positions, not those of this {config.Family}");
        Require(
            config.HeadCount * config.HeadSize == config.HiddenSize,
            $"needs heads × head size = hidden size, not {config.HeadCount} × {config.HeadSize} and {config.HiddenSize}");
        Require(config.RopeTheta == Theta, $"has the rotary base {Theta}, not {config.RopeTheta}");
        Require(
            config.BosId is null or Bos && config.EosId is null or Eos && config.OtherEosIds is null,
            $"has the token ids BOS {Bos} and EOS {Eos}, not {config.BosId} and {config.EosId}{(config.OtherEosIds is { } others ? $", {others}" : "")}");

        config.RequireAttention("A llama2.c file", "keep it in the Flextron format, which this program reads");
        double residualScale = config.NormEpsilon == Epsilon ? 1 : Math.Sqrt(Epsilon / config.NormEpsilon);
        bool ownHead = !config.TiedEmbeddings || residualScale != 1;
        using var scope = NewDisposeScope();
        AtomicFile.Write(path, stream =>
        {
            int vocabulary = ownHead ? -config.VocabularySize : config.VocabularySize;
            int[] header =
            [
                config.HiddenSize, config.NeuronCount, config.BlockCount, config.HeadCount, config.KvGroupCount, vocabulary, config.ContextLength,
            ];
            Span<byte> bytes = stackalloc byte[HeaderBytes];
            for (int i = 0; i < header.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(bytes[(i * sizeof(int))..], header[i]);
            stream.Write(bytes);
            foreach ((Tensor? tensor, bool residual) in InFileOrder(weights))
            {
                if (tensor is null)
                {
                    WriteRotaryTables(stream, config);
                    continue;
                }
                using var inner = NewDisposeScope();
                TensorBytes.Write(stream, residual && residualScale != 1 ? tensor.detach() * residualScale : tensor, ScalarType.Float32, path);
            }
            if (ownHead) TensorBytes.Write(stream, config.TiedEmbeddings ? weights.Embedding_VC : weights.Head_VC, ScalarType.Float32, path);
        });
    }

    // Every tensor but the head as a view in the file's orientation and row order, and whether it writes to the residual stream; null stands
    // for the rotary tables.
    private static IEnumerable<(Tensor? Tensor, bool Residual)> InFileOrder(DecoderWeights weights)
    {
        ModelConfig config = weights.Config;
        long h = config.HeadSize;
        IReadOnlyList<BlockWeights> blocks = weights.Blocks;
        // [heads·H, C] with row i + j·H/2 of a head → a view whose rows run through the pairs: (i, j) with j fastest.
        Tensor Interleaved(Tensor rows) => rows.view(-1, 2, h / 2, config.HiddenSize).transpose(1, 2);

        yield return (weights.Embedding_VC, true);
        foreach (BlockWeights block in blocks) yield return (block.AttentionNorm_C, false);
        foreach (BlockWeights block in blocks) yield return (Interleaved(block.Query_QC), false);
        foreach (BlockWeights block in blocks) yield return (Interleaved(block.Key_KC), false);
        foreach (BlockWeights block in blocks) yield return (block.Value_KC, false);
        foreach (BlockWeights block in blocks) yield return (block.Output_QC.t(), true);
        foreach (BlockWeights block in blocks) yield return (block.MlpNorm_C, false);
        foreach (BlockWeights block in blocks) yield return (block.Gate_DC!, false);
        foreach (BlockWeights block in blocks) yield return (block.Down_DC.t(), true);
        foreach (BlockWeights block in blocks) yield return (block.Up_DC, false);
        yield return (weights.FinalNorm_C, false);
        yield return (null, false);
    }

    private static long RotaryLength(ModelConfig config) => (long)config.ContextLength * config.HeadSize;

    // cos, then sin, of position × Theta^(-2i/H); readers compute their own but expect the space.
    private static void WriteRotaryTables(Stream stream, ModelConfig config)
    {
        int half = config.HeadSize / 2;
        byte[] row = new byte[half * sizeof(float)];
        foreach (Func<double, double> function in (Func<double, double>[])[Math.Cos, Math.Sin])
        {
            for (int position = 0; position < config.ContextLength; position++)
            {
                for (int i = 0; i < half; i++)
                {
                    double angle = position * Math.Pow(Theta, -2.0 * i / config.HeadSize);
                    BinaryPrimitives.WriteSingleLittleEndian(row.AsSpan(i * sizeof(float)), (float)function(angle));
                }
                stream.Write(row);
            }
        }
    }

    private static ModelConfig ReadConfig(MappedFile file)
    {
        byte[] header = file.Bytes(0, HeaderBytes);
        int Field(int i) => BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(i * sizeof(int)));
        // Zip archive, or the older bare pickle; as a width both would be far beyond any model's.
        if (header.AsSpan().StartsWith("PK\x03\x04"u8) || header.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x80, 0x02, 0x8a]))
            throw new FlextronException(
                $"{file.Path} is a PyTorch pickle, which can run code when it is opened: convert it with save_pretrained(safe_serialization=True) in transformers.");
        if (Field(0) == 0x616b3432)
            throw new FlextronException($"{file.Path} is a llama2.c checkpoint of a later version: export it with version 0.");
        int dim = Field(0), heads = Field(3), vocabulary = Field(5);
        string source = $"{file.Path} is not a llama2.c checkpoint";
        if (heads <= 0 || dim <= 0 || dim % heads != 0)
            throw new FlextronException($"{source}: a width of {dim} cannot be split among {heads} heads.");
        ModelConfig config = new ModelConfig
        {
            Family = "llama",
            VocabularySize = vocabulary == int.MinValue ? 0 : Math.Abs(vocabulary),
            HiddenSize = dim,
            NeuronCount = Field(1),
            BlockCount = Field(2),
            HeadCount = heads,
            KvGroupCount = Field(4),
            HeadSize = dim / heads,
            ContextLength = Field(6),
            NormEpsilon = Epsilon,
            RopeTheta = Theta,
            TiedEmbeddings = vocabulary > 0,
            BosId = Bos,
            EosId = Eos,
        }.Validated(source);
        // Validated bounds every factor so that this fits a long many times over.
        long expected = HeaderBytes + sizeof(float) * (DecoderWeights.CountParameters(config) + RotaryLength(config));
        if (expected != file.Length)
            throw new FlextronException($"{source}: its header asks for {expected} bytes and it has {file.Length}; fetch it again.");
        return config;
    }
}
