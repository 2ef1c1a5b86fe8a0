using Flextron.Inference.Kernels;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Inference.Decoding;

/// <summary>
/// A model made ready for decoding token by token on the CPU, without libtorch: matrix-vector products in vector code that reads the shared
/// weights in place, at any width. Many sessions may use one engine at the same time.
/// </summary>
/// <remarks>
/// One token reads every weight once, so the time of a token is bounded by memory bandwidth, and fewer bytes are faster: narrower
/// sub-networks, bfloat16, 8-bit weights. Float32 models are read where they lie, so training in place shows at once, and so are the
/// matrices of bfloat16 models, whose norms, biases and positions are float32 copies; other formats are converted copies, too.
/// </remarks>
public sealed class DecodeEngine : IDisposable
{
    private readonly EngineWeights stored;
    private bool disposed;

    /// <summary>Prepares a model.</summary>
    /// <param name="model">On the CPU. Its weights' storage stays alive as long as the engine, even if the model is disposed.</param>
    /// <param name="format">How to hold the weights.</param>
    /// <exception cref="FlextronException">The model is on another device, or memory is short.</exception>
    public DecodeEngine(DecoderModel model, WeightFormat format = WeightFormat.Model) : this(model, format, KernelChoice.Best)
    {
    }

    internal DecodeEngine(DecoderModel model, WeightFormat format, IKernels kernels)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Device.type != DeviceType.CPU)
            throw new FlextronException($"The decode engine reads weights in main memory, and the model is on {model.Device}: load it with --device cpu.");
        model.Config.RequireAttention("The decode engine", "generate through libtorch, as text generation does by itself");
        (Config, ModelDtype) = (model.Config, model.Weights.Flat.dtype);
        Kernels = kernels;
        FullNetwork = model.FullNetwork;
        DecoderWeights weights = model.Weights;
        // Half-precision weights of the other kind have no kernel of their own; float32 holds them exactly.
        Format = format != WeightFormat.Model ? format : weights.Flat.dtype == ScalarType.BFloat16 ? WeightFormat.BFloat16 : WeightFormat.Float32;
        using var noGrad = no_grad();
        stored = new EngineWeights(weights, Format);
        try
        {
            Embedding = stored.Matrix(weights.Embedding_VC);
            Positions = stored.Vector(weights.Positions_TC);
            Blocks = [.. weights.Blocks.Select(b => new DecodeBlock
            {
                AttentionNorm = stored.Vector(b.AttentionNorm_C), AttentionNormBias = stored.Vector(b.AttentionNormBias_C),
                Query = stored.Matrix(b.Query_QC), QueryBias = stored.Vector(b.QueryBias_Q), QueryNorm = stored.Vector(b.QueryNorm_H),
                Key = stored.Matrix(b.Key_KC), KeyBias = stored.Vector(b.KeyBias_K), KeyNorm = stored.Vector(b.KeyNorm_H),
                Value = stored.Matrix(b.Value_KC), ValueBias = stored.Vector(b.ValueBias_K), Output = stored.Matrix(b.Output_QC), OutputBias = stored.Vector(b.OutputBias_C),
                MlpNorm = stored.Vector(b.MlpNorm_C), MlpNormBias = stored.Vector(b.MlpNormBias_C),
                Gate = b.Gate_DC is { } gate ? stored.Matrix(gate) : null, GateBias = stored.Vector(b.GateBias_D), Up = stored.Matrix(b.Up_DC), UpBias = stored.Vector(b.UpBias_D),
                Down = stored.Matrix(b.Down_DC), DownBias = stored.Vector(b.DownBias_C),
            })];
            FinalNorm = stored.Vector(weights.FinalNorm_C);
            FinalNormBias = stored.Vector(weights.FinalNormBias_C);
            Head = Config.TiedEmbeddings ? Embedding : stored.Matrix(weights.Head_VC);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Whether the engine computes models of a shape: those that attend in every block.</summary>
    public static bool Supports(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.IsAttentionOnly;
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>What the weights are read as; never <see cref="WeightFormat.Model"/>.</summary>
    public WeightFormat Format { get; }

    /// <summary>Element type of the model that the engine was made of.</summary>
    public ScalarType ModelDtype { get; }

    /// <summary>The whole network.</summary>
    public SubNetwork FullNetwork { get; }

    internal IKernels Kernels { get; }

    internal WeightMatrix Embedding { get; }

    internal DecodeBlock[] Blocks { get; } = [];

    /// <summary>Learned positions [T, C], float32; 0 where positions are rotations.</summary>
    internal nint Positions { get; }

    internal nint FinalNorm { get; }

    internal nint FinalNormBias { get; }

    internal WeightMatrix Head { get; }

    /// <summary>Begins a sequence.</summary>
    /// <param name="capacity">Most tokens it may hold; the model's context where it is shorter, or where null.</param>
    /// <param name="threads">Most threads for one token; one per processor where null. Results do not depend on it.</param>
    /// <param name="widest">A network whose key/value groups are the most that any token will keep: the cache has room for no others; the whole network where null.</param>
    /// <exception cref="FlextronException">Memory is short, or the network does not fit the model.</exception>
    public DecodeSession NewSession(int? capacity = null, int? threads = null, SubNetwork? widest = null)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return new DecodeSession(
            this, Math.Clamp(capacity ?? Config.ContextLength, 1, Config.ContextLength), Math.Max(1, threads ?? Environment.ProcessorCount), WorkerTeam.Shared, widest?.ValidatedFor(Config));
    }

    /// <summary>Begins several sequences that are continued together.</summary>
    /// <param name="sequences">How many.</param>
    /// <param name="capacity">Most tokens that each may hold; the model's context where it is shorter, or where null.</param>
    /// <param name="threads">Most threads for one step; one per processor where null. Results do not depend on it.</param>
    /// <param name="widest">A network whose key/value groups are the most that any token will keep; the whole network where null.</param>
    /// <exception cref="FlextronException">No sequence is wanted, memory is short, or the network does not fit the model.</exception>
    public DecodeBatch NewBatch(int sequences, int? capacity = null, int? threads = null, SubNetwork? widest = null)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (sequences < 1) throw new FlextronException($"A batch of {sequences} sequences is not possible: give 1 or more.");
        return new DecodeBatch(
            this, sequences, Math.Clamp(capacity ?? Config.ContextLength, 1, Config.ContextLength), Math.Max(1, threads ?? Environment.ProcessorCount), WorkerTeam.Shared, widest?.ValidatedFor(Config));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        stored.Dispose();
    }

    internal void RequireId(int token)
    {
        if ((uint)token >= (uint)Config.VocabularySize)
            throw new FlextronException($"Token id {token} is outside the model's vocabulary of {Config.VocabularySize}: use the tokenizer that belongs to the model.");
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(disposed, this);
}
