using Flextron.Mixers;
using Flextron.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// All parameters of a model as views of one flat tensor: loading copies into the views, the optimiser and the checkpoint see one tensor.
/// </summary>
public sealed class DecoderWeights : IDisposable
{
    private readonly FlatViews views;
    private readonly long[] queryStarts, queryBiasStarts, gateStarts;

    private DecoderWeights(ModelConfig config, Tensor flat)
    {
        Config = config;
        views = new FlatViews(flat);
        long c = config.HiddenSize;
        BlockShape whole = new(config.KvGroupCount, config.NeuronCount);
        (queryStarts, queryBiasStarts, gateStarts) = (new long[config.BlockCount], new long[config.BlockCount], new long[config.BlockCount]);
        Tensor OfBlock(int block, BlockTensor kind)
        {
            if (kind == BlockTensor.Query) queryStarts[block] = views.Position;
            if (kind == BlockTensor.QueryBias) queryBiasStarts[block] = views.Position;
            if (kind == BlockTensor.Gate) gateStarts[block] = views.Position;
            long rows = BlockLayout.RowCount(kind, config, whole, c);
            return BlockLayout.IsMatrix(kind) ? views.Next(rows, c) : views.Next(rows);
        }

        Embedding_VC = views.Next(config.VocabularySize, c);
        if (config.Architecture.LearnedPositions) Positions_TC = views.Next(config.ContextLength, c);
        MixerWeights OfMixer(MixerKind kind) => new(kind, [.. LinearMixer.Of(kind).Tensors.Select(t => views.Next(t.Shape(config.MixerShape(config.KvGroupCount), c)))]);
        Blocks = [.. Enumerable.Range(0, config.BlockCount).Select(i => BlockWeights.Create(
            config.Architecture, kind => OfBlock(i, kind), config.Mixer(i) is var mixer && mixer == MixerKind.Attention ? null : () => OfMixer(mixer)))];
        FinalNorm_C = views.Next(c);
        if (config.Architecture.Norm == NormKind.Layer) FinalNormBias_C = views.Next(c);
        Head_VC = config.TiedEmbeddings ? Embedding_VC : views.Next(config.VocabularySize, c);
    }

    /// <summary>The shape these weights have.</summary>
    public ModelConfig Config { get; }

    /// <summary>Every parameter, end to end, in storage order.</summary>
    public Tensor Flat => views.Flat;

    /// <summary>Token embedding.</summary>
    public Tensor Embedding_VC { get; }

    /// <summary>What is added to the embedding by position, one row for each of the context; null where positions are rotations.</summary>
    public Tensor? Positions_TC { get; }

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<BlockWeights> Blocks { get; }

    /// <summary>Norm weight before the head.</summary>
    public Tensor FinalNorm_C { get; }

    /// <summary>Norm bias before the head, where the norm has one.</summary>
    public Tensor? FinalNormBias_C { get; }

    /// <summary>Output head; the same tensor object as <see cref="Embedding_VC"/> where embeddings are tied.</summary>
    public Tensor Head_VC { get; }

    /// <summary>Number of parameters, a tied head counted once.</summary>
    public long ParameterCount => Flat.numel();

    /// <summary>Allocates zeroed weights.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="dtype">Element type; training needs float32.</param>
    /// <param name="device">Where; CPU by default.</param>
    public static DecoderWeights Allocate(ModelConfig config, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new DecoderWeights(config, HugeTensor.Zeros(CountParameters(config), dtype, device ?? CPU));
    }

    /// <summary>Names the parts of an existing flat tensor, which the result then owns.</summary>
    internal static DecoderWeights Over(ModelConfig config, Tensor flat) => new(config, flat);

    /// <summary>Number of parameters of a shape, a tied head counted once.</summary>
    public static long CountParameters(ModelConfig config) => CountParts(config).Sum(p => p.Count);

    /// <summary>Parameters of a shape by part; a tied head is not one, and neither is what the architecture does not have.</summary>
    public static IReadOnlyList<ParameterPart> CountParts(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long c = config.HiddenSize, table = (long)config.VocabularySize * c;
        BlockShape whole = new(config.KvGroupCount, config.NeuronCount);
        long OfBlocks(BlockPartKind part) => config.BlockCount * BlockLayout.Of(config.Architecture)
            .Where(t => BlockLayout.PartOf(t) == part).Sum(t => BlockLayout.RowCount(t, config, whole, c) * (BlockLayout.IsMatrix(t) ? c : 1));
        long finalNorm = config.Architecture.Norm == NormKind.Layer ? 2 * c : c;
        ParameterPart[] parts =
        [
            new("embedding", table),
            new("positions", config.Architecture.LearnedPositions ? config.ContextLength * c : 0),
            new("attention", OfBlocks(BlockPartKind.Attention)),
            new("mixers", MixerParameters(config)),
            new("mlp", OfBlocks(BlockPartKind.Mlp)),
            new("norms", OfBlocks(BlockPartKind.Norm) + finalNorm),
            new("head", config.TiedEmbeddings ? 0 : table),
        ];
        return [.. parts.Where(p => p.Count > 0)];
    }

    private static long MixerParameters(ModelConfig config) => config.Mixers is null ? 0 : config.Mixers.Kinds.Where(k => k != MixerKind.Attention)
        .Sum(k => LinearMixer.Of(k).Tensors.Sum(t => t.Count(config.MixerShape(config.KvGroupCount), config.HiddenSize)));

    /// <summary>Query, key and value projection of a block, one behind the other as one view, [Q + 2K, C].</summary>
    internal Tensor QueryKeyValue(int block) => Flat.narrow(0, queryStarts[block], FusedRows * Config.HiddenSize).view(FusedRows, Config.HiddenSize);

    /// <summary>Their biases likewise, [Q + 2K].</summary>
    internal Tensor QueryKeyValueBias(int block) => Flat.narrow(0, queryBiasStarts[block], FusedRows);

    /// <summary>Gate and up projection of a block, one behind the other as one view, [2D, C].</summary>
    internal Tensor GateUp(int block) => Flat.narrow(0, gateStarts[block], 2L * Config.NeuronCount * Config.HiddenSize).view(2 * Config.NeuronCount, Config.HiddenSize);

    private long FusedRows => (Config.HeadCount + 2L * Config.KvGroupCount) * Config.HeadSize;

    /// <summary>Every tensor with a stable name, in storage order; a tied head is not repeated.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Named()
    {
        yield return ("embedding", Embedding_VC);
        if (Positions_TC is not null) yield return ("positions", Positions_TC);
        for (int i = 0; i < Blocks.Count; i++)
            foreach ((string name, Tensor tensor) in Blocks[i].Named())
                yield return ($"blocks.{i}.{name}", tensor);
        yield return ("finalNorm", FinalNorm_C);
        if (FinalNormBias_C is not null) yield return ("finalNormBias", FinalNormBias_C);
        if (!Config.TiedEmbeddings) yield return ("head", Head_VC);
    }

    /// <summary>An independent copy, optionally on another device or in another type.</summary>
    public DecoderWeights Clone(ScalarType? dtype = null, Device? device = null) => new(Config, HugeTensor.Copy(Flat, dtype ?? Flat.dtype, device ?? Flat.device));

    /// <inheritdoc/>
    public void Dispose()
    {
        views.Dispose();
    }
}
