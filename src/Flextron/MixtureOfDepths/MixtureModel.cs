using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.MixtureOfDepths;

/// <summary>
/// Mixture-of-Depths (Raposo et al., arXiv 2404.02258): in routed blocks only some tokens are computed. x' = x + g(r)·f(X_selected) for those, x' = x for
/// the others, f being the block without its residual connection; the router's weight is on the update, never on the residual. Selected tokens attend among
/// themselves at their own positions. A block may be any slice of an elastic one.
/// </summary>
/// <remarks>Tokens that do not pass cost one dot product. In generation a block that no sequence's token passes is not run, and its cache holds only tokens that passed.</remarks>
public sealed class MixtureModel : IDisposable
{
    /// <summary>The settings' file inside a model folder.</summary>
    public const string SettingsName = "mixture.json";

    /// <summary>The routers' file inside a model folder.</summary>
    public const string RoutersName = "mixture.safetensors";

    private readonly Dictionary<int, DepthRouter> routers;
    private readonly bool ownsModel;

    /// <summary>Puts routers in front of a model's blocks.</summary>
    /// <param name="model">The network.</param>
    /// <param name="routers">Its routers; this object then owns them.</param>
    /// <param name="ownsModel">Whether it then owns the network, too.</param>
    /// <exception cref="FlextronException">They do not fit the network, or a routed block does not attend.</exception>
    public MixtureModel(DecoderModel model, DepthRouters routers, bool ownsModel = true)
    {
        this.ownsModel = ownsModel;
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(routers);
        model.Config.RequireAttention("Mixture-of-Depths", "route the blocks of the Transformer");
        model.Config.RequireWholeContext("Mixture-of-Depths", "use a model that attends to its whole context");
        (Model, Routers) = (model, routers);
        Settings.Validated(model.Config.BlockCount);
        DepthRouter first = routers.Each[0];
        if (first.Weight_C.size(0) != model.Config.HiddenSize || !RoutedBlocks.SequenceEqual(Settings.RoutedBlocks(model.Config.BlockCount)))
            throw new FlextronException(
                $"The routers read {first.Weight_C.size(0)} channels in front of the blocks {string.Join(", ", RoutedBlocks)}, and the model has {model.Config.HiddenSize} channels and {model.Config.BlockCount} blocks: make routers for its shape.");
        this.routers = routers.Each.ToDictionary(r => r.Block);
    }

    /// <summary>The network behind the routers; run by itself it is dense.</summary>
    public DecoderModel Model { get; }

    /// <summary>The routers.</summary>
    public DepthRouters Routers { get; }

    /// <summary>Capacity, routed blocks, sampler.</summary>
    public MixtureSettings Settings => Routers.Settings;

    /// <summary>The routed blocks, ascending.</summary>
    public IReadOnlyList<int> RoutedBlocks => [.. Routers.Each.Select(r => r.Block)];

    /// <summary>Whether a folder holds such a model.</summary>
    public static bool IsAt(string path) => File.Exists(Path.Combine(path, SettingsName));

    /// <summary>Reads a folder's settings without its weights.</summary>
    /// <exception cref="FlextronException">They are missing or damaged.</exception>
    public static MixtureSettings ReadSettings(string folder) =>
        FlextronJson.ReadFile<MixtureSettings>(Path.Combine(folder, SettingsName), "Mixture-of-Depths model").Validated();

    /// <summary>An empty cache.</summary>
    /// <param name="network">Whose groups are kept; the whole network by default.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="capacity">Tokens of each.</param>
    public MixtureCache NewCache(int batch, int capacity, SubNetwork? network = null) =>
        new(Model.Config, (network ?? Model.FullNetwork).ValidatedFor(Model.Config), RoutedBlocks, batch, capacity, Model.Weights.Flat.dtype, Model.Device);

    /// <summary>Next-token logits for every position.</summary>
    /// <param name="ids_BT">Token ids, int64.</param>
    /// <param name="selector">Decides which tokens pass.</param>
    /// <param name="network">Which slice of the blocks; the whole by default.</param>
    /// <param name="cache">Past keys and values; the ids then follow what it has read. The selector must be causal.</param>
    /// <param name="readings">Takes what each router read and decided.</param>
    /// <param name="observer">Sees the tokens that are computed, block by block.</param>
    /// <returns>logits_BTV.</returns>
    /// <exception cref="FlextronException">More tokens than the context or the cache holds, or a cache with a selector that looks ahead.</exception>
    public Tensor Forward(
        Tensor ids_BT, ITokenSelector selector, SubNetwork? network = null, MixtureCache? cache = null, ICollection<RouterReading>? readings = null, IForwardObserver? observer = null)
    {
        using var scope = NewDisposeScope();
        WeightView view = Model.View(network ?? Model.FullNetwork);
        List<RouterReading>? read = readings is null ? null : [];
        Tensor logits_BTV = Model.Logits(view, Hidden(view, routers, ids_BT, selector, cache, read, observer));
        foreach (RouterReading reading in read ?? [])
        {
            reading.MoveToOuterDisposeScope();
            readings!.Add(reading);
        }
        return logits_BTV.MoveToOuterDisposeScope();
    }

    /// <summary>Logits of the last position only.</summary>
    /// <returns>logits_BV.</returns>
    /// <inheritdoc cref="Forward"/>
    public Tensor ForwardLast(Tensor ids_BT, ITokenSelector selector, SubNetwork? network = null, MixtureCache? cache = null)
    {
        using var scope = NewDisposeScope();
        WeightView view = Model.View(network ?? Model.FullNetwork);
        return Model.Logits(view, Hidden(view, routers, ids_BT, selector, cache, null, null).select(1, -1)).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream behind the last block, which <see cref="DecoderModel.Logits"/> reads.</summary>
    /// <param name="ids_BT">Token ids, int64.</param>
    /// <param name="selector">Decides which tokens pass.</param>
    /// <param name="network">Which slice of the blocks; the whole by default.</param>
    /// <returns>hidden_BTC.</returns>
    /// <exception cref="FlextronException">More tokens than the context holds.</exception>
    public Tensor Hidden(Tensor ids_BT, ITokenSelector selector, SubNetwork? network = null) =>
        Hidden(Model.View(network ?? Model.FullNetwork), routers, ids_BT, selector, null, null, null);

    /// <summary>
    /// The residual stream behind the last block, through any view of the weights and any routers: training passes leaves. Readings, of which the list must be
    /// empty, belong to the caller's dispose scope.
    /// </summary>
    internal Tensor Hidden(
        WeightView view, IReadOnlyDictionary<int, DepthRouter> routers, Tensor ids_BT, ITokenSelector selector, MixtureCache? cache,
        List<RouterReading>? readings, IForwardObserver? observer)
    {
        ArgumentNullException.ThrowIfNull(ids_BT);
        ArgumentNullException.ThrowIfNull(selector);
        (int time, int start) = ((int)ids_BT.size(1), cache?.Length ?? 0);
        int limit = cache?.Capacity ?? Model.Config.ContextLength;
        if (start + time > limit)
            throw new FlextronException($"{start + time} tokens do not fit the {limit} that {(cache is null ? "the model's context" : "the cache")} holds: shorten the text or cut it into windows.");
        if (cache is not null && !selector.IsCausal)
            throw new FlextronException("Choosing the top tokens looks ahead, which generation cannot: use a causal sampler with a cache.");
        using var scope = NewDisposeScope();
        Tensor x_BTC = DecoderModel.Embed(view, ids_BT, start);
        var dense = new SequenceLayout(Model.Config, Model.Rotary, cache?.Dense);
        for (int i = 0; i < view.Blocks.Count; i++)
        {
            if (!view.Blocks[i].Shape.IsKept) continue;
            if (!routers.TryGetValue(i, out DepthRouter? router))
            {
                x_BTC = x_BTC + Model.BlockUpdate(view.Blocks[i], i, x_BTC, dense, observer);
                continue;
            }
            var reading = new RouterReading(router, Settings.Sampler, x_BTC);
            reading.Selected = selector.Select(reading, start);
            readings?.Add(reading);
            TokenGroup tokens = TokenGroup.Of(reading.Batch, time, at => reading.Selected[at]);
            if (tokens.Tokens.Count == 0) continue;
            var layout = new RoutedLayout(Model.Rotary, tokens, start, start + time, view.Blocks[i].Shape.KvGroups > 0 ? cache?.Routed(i) : null, x_BTC.device);
            Tensor x_NC = x_BTC.view(-1, x_BTC.size(2));
            Tensor update_RPC = Model.BlockUpdate(view.Blocks[i], i, layout.Pack(x_NC), layout, observer);
            x_BTC = layout.AddTo(x_NC, update_RPC, Weight(reading.Logits_BT).view(-1)).view(x_BTC.shape);
        }
        cache?.Dense.Advance(time);
        foreach (RouterReading reading in readings ?? []) reading.MoveToOuterDisposeScope();
        return x_BTC.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Writes a folder with network and routers in this project's own format: no ordinary one can say which tokens pass a block, and tools that took the network
    /// for a dense model would compute something else.
    /// </summary>
    /// <param name="folder">Where.</param>
    /// <param name="dtype">Element type of the network; routers are float32.</param>
    /// <exception cref="FlextronException">The folder cannot be written.</exception>
    public void Save(string folder, ScalarType dtype = ScalarType.Float32)
    {
        CheckpointWriter.Save(Model.Weights, folder, CheckpointFormat.Flextron, dtype);
        Routers.Save(Path.Combine(folder, RoutersName));
        FlextronJson.WriteFile(Path.Combine(folder, SettingsName), Settings);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="dtype">Element type to hold the network in.</param>
    /// <param name="device">Where to compute; CPU by default.</param>
    /// <exception cref="FlextronException">Something is missing, damaged, or of another model.</exception>
    public static MixtureModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        var model = new DecoderModel(CheckpointLoader.Load(folder, dtype, device).Weights);
        try
        {
            return Load(folder, model, ownsModel: true);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Reads the routers beside a network that is loaded already.</summary>
    /// <param name="folder">Where both lie.</param>
    /// <param name="model">The network; it stays the caller's.</param>
    /// <exception cref="FlextronException">Something is missing, damaged, or of another model.</exception>
    public static MixtureModel Load(string folder, DecoderModel model) => Load(folder, model, ownsModel: false);

    private static MixtureModel Load(string folder, DecoderModel model, bool ownsModel)
    {
        MixtureSettings settings = ReadSettings(folder);
        DepthRouters routers = DepthRouters.Load(Path.Combine(folder, RoutersName), model.Config, settings, model.Device);
        try
        {
            return new MixtureModel(model, routers, ownsModel);
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
        if (ownsModel) Model.Dispose();
        Routers.Dispose();
    }

    private Tensor Weight(Tensor logits_BT) => Settings.Gate == RouterGate.OnePlus ? logits_BT + 1 : logits_BT;
}
