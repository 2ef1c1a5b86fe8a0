using Flextron.Mixers;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// All parameters of a model as views of one flat tensor: loading copies into the views, the optimiser and the checkpoint see one tensor.
/// </summary>
public sealed class DecoderWeights : IDisposable
{
    private readonly List<Tensor> views = [];

    private DecoderWeights(ModelConfig config, Tensor flat)
    {
        Config = config;
        Flat = flat;
        long at = 0;
        Tensor View(params long[] shape)
        {
            long size = shape.Aggregate(1L, (a, b) => a * b);
            using Tensor part = Flat.narrow(0, at, size);
            Tensor view = part.view(shape).DetachFromDisposeScope();
            views.Add(view);
            at += size;
            return view;
        }

        long c = config.HiddenSize, q = (long)config.HeadCount * config.HeadSize, k = (long)config.KvGroupCount * config.HeadSize, d = config.NeuronCount;
        Embedding_VC = View(config.VocabularySize, c);
        var blocks = new BlockWeights[config.BlockCount];
        for (int i = 0; i < blocks.Length; i++)
        {
            MixerKind mixer = config.Mixer(i);
            blocks[i] = new BlockWeights(View(c), View(q, c), View(k, c), View(k, c), View(q, c), View(c), View(d, c), View(d, c), View(d, c))
            {
                Mixer = mixer == MixerKind.Attention ? null : new MixerWeights(mixer, [.. LinearMixer.Of(mixer).Tensors.Select(t => View(t.Shape(config.MixerShape(config.KvGroupCount), c)))]),
            };
        }
        Blocks = blocks;
        FinalNorm_C = View(c);
        Head_VC = config.TiedEmbeddings ? Embedding_VC : View(config.VocabularySize, c);
    }

    /// <summary>The shape these weights have.</summary>
    public ModelConfig Config { get; }

    /// <summary>Every parameter, end to end, in storage order.</summary>
    public Tensor Flat { get; }

    /// <summary>Token embedding.</summary>
    public Tensor Embedding_VC { get; }

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<BlockWeights> Blocks { get; }

    /// <summary>RMS norm weight before the head.</summary>
    public Tensor FinalNorm_C { get; }

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
        return new DecoderWeights(config, zeros(CountParameters(config), dtype, device ?? CPU).DetachFromDisposeScope());
    }

    /// <summary>Names the parts of an existing flat tensor, which the result then owns.</summary>
    internal static DecoderWeights Over(ModelConfig config, Tensor flat) => new(config, flat);

    /// <summary>Number of parameters of a shape, a tied head counted once.</summary>
    public static long CountParameters(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long c = config.HiddenSize, q = (long)config.HeadCount * config.HeadSize, k = (long)config.KvGroupCount * config.HeadSize;
        long block = 2 * c + 2 * q * c + 2 * k * c + 3L * config.NeuronCount * c;
        return (config.TiedEmbeddings ? 1 : 2) * (long)config.VocabularySize * c + config.BlockCount * block + c + MixerParameters(config);
    }

    private static long MixerParameters(ModelConfig config) => config.Mixers is null ? 0 : config.Mixers.Kinds.Where(k => k != MixerKind.Attention)
        .Sum(k => LinearMixer.Of(k).Tensors.Sum(t => t.Count(config.MixerShape(config.KvGroupCount), config.HiddenSize)));

    /// <summary>Every tensor with a stable name, in storage order; a tied head is not repeated.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Named()
    {
        yield return ("embedding", Embedding_VC);
        for (int i = 0; i < Blocks.Count; i++)
            foreach ((string name, Tensor tensor) in Blocks[i].Named())
                yield return ($"blocks.{i}.{name}", tensor);
        yield return ("finalNorm", FinalNorm_C);
        if (!Config.TiedEmbeddings) yield return ("head", Head_VC);
    }

    /// <summary>An independent copy, optionally on another device or in another type.</summary>
    public DecoderWeights Clone(ScalarType? dtype = null, Device? device = null)
    {
        Tensor copy = Flat.detach().to(dtype ?? Flat.dtype, device ?? Flat.device, copy: true).DetachFromDisposeScope();
        return new DecoderWeights(Config, copy);
    }

    /// <summary>An independent copy under a configuration that differs in what no shape depends on, such as the norms' epsilon.</summary>
    internal DecoderWeights Clone(ModelConfig config) => new(config, Flat.detach().clone().DetachFromDisposeScope());

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor view in views) view.Dispose();
        Flat.Dispose();
    }
}
