using Flextron.Checkpoints;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.MixtureOfDepths;

/// <summary>The routers of a model, one of its own for every routed block, as views of one flat float32 tensor.</summary>
public sealed class DepthRouters : IDisposable
{
    private readonly FlatViews views;

    private DepthRouters(int channels, MixtureSettings settings, IReadOnlyList<int> blocks, Tensor flat)
    {
        Settings = settings;
        views = new FlatViews(flat);
        long p = settings.PredictorNeurons;
        Each = [.. blocks.Select(block => new DepthRouter(block, views.Next(channels), views.Next(p, channels), views.Next(p), views.Next(p), views.Next(p), views.Next(1)))];
    }

    /// <summary>What they were made for.</summary>
    public MixtureSettings Settings { get; }

    /// <summary>Every parameter, end to end.</summary>
    public Tensor Flat => views.Flat;

    /// <summary>The routers, by ascending block.</summary>
    public IReadOnlyList<DepthRouter> Each { get; }

    /// <summary>Zeroed routers.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="settings">Which blocks route.</param>
    /// <param name="device">Where; CPU by default.</param>
    /// <exception cref="FlextronException">The settings do not fit the model.</exception>
    public static DepthRouters Allocate(ModelConfig config, MixtureSettings settings, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(settings);
        IReadOnlyList<int> blocks = settings.Validated(config.BlockCount).RoutedBlocks(config.BlockCount);
        long size = blocks.Count * ((long)config.HiddenSize + (long)settings.PredictorNeurons * (config.HiddenSize + 3) + 1);
        return new DepthRouters(config.HiddenSize, settings, blocks, zeros(size, ScalarType.Float32, device ?? CPU).DetachFromDisposeScope());
    }

    /// <summary>Fresh routers: logits N(0, scale²) on a stream of unit variance, predictors that begin at the capacity's odds.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="settings">Which blocks route.</param>
    /// <param name="seed">Which draws.</param>
    /// <param name="device">Where; CPU by default.</param>
    /// <exception cref="FlextronException">The settings do not fit the model.</exception>
    public static DepthRouters Fresh(ModelConfig config, MixtureSettings settings, long seed, Device? device = null)
    {
        DepthRouters routers = Allocate(config, settings, device);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        double deviation = 1 / Math.Sqrt(config.HiddenSize), odds = Math.Log(settings.Capacity / Math.Max(1e-3, 1 - settings.Capacity));
        Tensor Draw(Tensor target) => zeros(target.shape).normal_(0, 1, generator).to(target.device);
        foreach (DepthRouter router in routers.Each)
        {
            router.Weight_C.copy_(Draw(router.Weight_C) * (settings.InitialScale * deviation));
            router.Hidden_PC.copy_(Draw(router.Hidden_PC) * deviation);
            router.HiddenLogit_P.copy_(Draw(router.HiddenLogit_P));
            router.OutputBias_1.fill_(odds);
        }
        return routers;
    }

    /// <summary>A copy for a slice of the model: of a narrower residual stream, the first channels' weights.</summary>
    /// <param name="config">The slice's shape; as many blocks.</param>
    public DepthRouters Sliced(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        DepthRouters result = Allocate(config, Settings, Flat.device);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (((_, Tensor target), (_, Tensor source)) in result.Named().Zip(Named())) target.copy_(source.narrow(-1, 0, target.size(-1)));
        return result;
    }

    /// <summary>Every tensor with a stable name, in storage order.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Named() =>
        Each.SelectMany(r => r.Named().Select(n => (FormattableString.Invariant($"blocks.{r.Block}.{n.Name}"), n.Tensor)));

    /// <summary>Leaves that accumulate into another instance of the same shape; the caller disposes what <see cref="DepthRouter.Named"/> lists.</summary>
    internal IReadOnlyList<DepthRouter> Trainable(DepthRouters gradients) => [.. Each.Zip(gradients.Each, (r, g) => r.Trainable(g))];

    /// <summary>Names the parts of an existing flat tensor of the same shape, which the result then owns.</summary>
    internal DepthRouters Over(Tensor flat) => new((int)Each[0].Weight_C.size(0), Settings, [.. Each.Select(r => r.Block)], flat);

    /// <summary>Writes them as safetensors.</summary>
    public void Save(string path) => SafetensorsWriter.Write(path, Named());

    /// <summary>Reads them.</summary>
    /// <exception cref="FlextronException">Missing, damaged, or of another model.</exception>
    public static DepthRouters Load(string path, ModelConfig config, MixtureSettings settings, Device? device = null)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        DepthRouters routers = Allocate(config, settings, device);
        try
        {
            foreach ((string name, Tensor tensor) in routers.Named()) file.CopyTo(name, tensor);
            return routers;
        }
        catch
        {
            routers.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        views.Dispose();
    }
}
