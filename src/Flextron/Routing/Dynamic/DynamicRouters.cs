using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Native;
using Flextron.Storage;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Dynamic routers (FLEXTRON, ICML 2024, section 4.1): every elastic layer has a small MLP that reads the latency target and a token's hidden state and
/// scores the layer's choices for this token, <c>R_l(T, h) = silu(φ(T) W + ĥ W_H) W_R + b</c>, ĥ being h at unit root mean square.
/// </summary>
/// <remarks>
/// Copied from static routers they begin with W_H = 0: every token then chooses what the static network has. Letters: F features of the target, H hidden
/// neurons of a router, K choices.
/// </remarks>
public sealed class DynamicRouters : IDisposable
{
    /// <summary>Weights within the folder.</summary>
    public const string WeightsName = "dynamic.safetensors";

    /// <summary>Settings within the folder.</summary>
    public const string SettingsName = "dynamic.json";

    private readonly Dictionary<string, Parameter> parameters = [];

    /// <summary>Creates dynamic routers that choose as static ones do, whatever the token.</summary>
    /// <param name="routers">Trained static routers; copied.</param>
    /// <param name="channels">C, channels of the residual stream.</param>
    public DynamicRouters(StaticRouters routers, int channels)
    {
        ArgumentNullException.ThrowIfNull(routers);
        (Space, Settings, Channels) = (routers.Space, routers.Settings, channels);
        foreach ((string name, Parameter parameter) in routers.Named()) Add(name, parameter.data<float>().ToArray(), parameter.shape);
        long[] shape = HiddenShape(Space, Settings, channels);
        Add("hidden", new float[shape[0] * shape[1] * shape[2]], shape);
    }

    /// <summary>The choices.</summary>
    public ElasticSpace Space { get; }

    /// <summary>Shape of the routers.</summary>
    public StaticRouterSettings Settings { get; }

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>How a target is shared among layers; found by the trainer.</summary>
    public LayerBudgets? Budgets { get; set; }

    /// <summary>Whether the parameters' memory is gone.</summary>
    internal bool IsDisposed { get; private set; }

    /// <summary>What an optimiser trains.</summary>
    public IEnumerable<Parameter> Parameters => parameters.Values;

    /// <summary>Scores of one layer's choices for every token: the greater, the better; differentiable.</summary>
    /// <param name="layer">As in <see cref="ChoiceVector"/>.</param>
    /// <param name="targets_B">Normalised targets of the sequences.</param>
    /// <param name="x_BTC">The residual stream that enters the layer.</param>
    /// <returns>score_BTK.</returns>
    public Tensor Scores(int layer, Tensor targets_B, Tensor x_BTC)
    {
        ArgumentNullException.ThrowIfNull(targets_B);
        ArgumentNullException.ThrowIfNull(x_BTC);
        using var scope = NewDisposeScope();
        (bool attention, int block, int width) = (layer < Space.BlockCount, layer % Space.BlockCount, Settings.HiddenSize);
        string head = attention ? "attention" : "mlp";
        Tensor target_B1H = StaticRouters.Embed(targets_B, Settings.Bumps).matmul(parameters["input"].narrow(1, (long)layer * width, width)).unsqueeze(1);
        // The scale of a token is a factor on its row: behind the product it touches H numbers a token instead of C.
        Tensor scale_BT1 = ((x_BTC * x_BTC).mean([-1], keepdim: true) + 1e-6).rsqrt();
        Tensor hidden_BTH = functional.silu(x_BTC.matmul(parameters["hidden"][layer]) * scale_BT1 + target_B1H);
        return (hidden_BTH.matmul(parameters[head][block]) + parameters[head + ".bias"][block]).MoveToOuterDisposeScope();
    }

    /// <summary>One of the parameters.</summary>
    internal Tensor Named(string name) => parameters[name];

    /// <summary>What a target adds to the hidden neurons of all layers, L·H numbers.</summary>
    internal float[] TargetPart(double target)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return StaticRouters.Embed(NativeTensor.Of([(float)target]), Settings.Bumps).matmul(parameters["input"]).contiguous().data<float>().ToArray();
    }

    /// <summary>Writes them into a folder.</summary>
    public void Save(string folder)
    {
        SafetensorsWriter.Write(Path.Combine(folder, WeightsName), parameters.Select(p => (p.Key, (Tensor)p.Value)));
        FlextronJson.WriteFile(Path.Combine(folder, SettingsName), new RouterFile(Space, Settings, Channels, Budgets));
    }

    /// <summary>Reads them back, bit for bit.</summary>
    /// <exception cref="FlextronException">Missing, damaged, or trained for other choices or another model.</exception>
    public static DynamicRouters Load(string folder, ElasticSpace space, int channels)
    {
        ArgumentNullException.ThrowIfNull(space);
        string path = Path.Combine(folder, SettingsName);
        RouterFile file = FlextronJson.ReadFile<RouterFile>(path, "dynamic routers");
        if (file.Settings is null || file.Space is not { KvGroups.IsDefaultOrEmpty: false, Neurons.IsDefaultOrEmpty: false } || !file.Space.Equals(space.Blockwise) || file.Channels != channels)
            throw new FlextronException($"{path} was trained for other choices or another model than this family's: run `flextron route --dynamic` again.");
        file.Settings.Validated();
        file.Budgets?.ValidatedFor(space, path);
        using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(folder, WeightsName));
        // Shapes are compared before anything is allocated, so a forged settings file cannot ask for more memory than the weights take.
        foreach ((string name, long[] shape) in StaticRouters.Shapes(space, file.Settings).Append(("hidden", HiddenShape(space, file.Settings, channels))))
            if (!weights.Entries.TryGetValue(name, out SafetensorsEntry? entry) || !entry.Shape.SequenceEqual(shape))
                throw new FlextronException($"{weights.Path} does not hold routers of the shape that {SettingsName} beside it describes: run `flextron route --dynamic` again.");
        using var blank = new StaticRouters(space, file.Settings);
        var routers = new DynamicRouters(blank, channels) { Budgets = file.Budgets };
        using (no_grad())
            foreach ((string name, Parameter parameter) in routers.parameters) weights.CopyTo(name, parameter);
        return routers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        IsDisposed = true;
        foreach (Parameter parameter in parameters.Values) parameter.Dispose();
    }

    private void Add(string name, float[] values, long[] shape)
    {
        parameters[name] = new Parameter(NativeTensor.Of(values, shape), requires_grad: true);
        parameters[name].DetachFromDisposeScope();
    }

    private static long[] HiddenShape(ElasticSpace space, StaticRouterSettings settings, int channels) => [2L * space.BlockCount, channels, settings.HiddenSize];

    private sealed record RouterFile(ElasticSpace Space, StaticRouterSettings Settings, int Channels, LayerBudgets? Budgets);
}
