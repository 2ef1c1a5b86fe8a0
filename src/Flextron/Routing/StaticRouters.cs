using System.Globalization;
using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Native;
using Flextron.Storage;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Routing;

/// <summary>
/// Static routers (FLEXTRON, ICML 2024, section 4.1): one small MLP per elastic layer reads the latency target T and scores that layer's
/// choices, <c>s_l = argmax R_l(T)</c>. All routers run as one batched product.
/// </summary>
/// <remarks>
/// T is normalised: 0 is the smallest network's latency, 1 the whole network's. It is embedded as [1, T, bumps]: Gaussian radial basis
/// functions at evenly spaced centres whose width is the spacing, so that a router can change its choice within a narrow range of targets.
/// Router l is <c>silu(φ(T) W1_l) W2_l + b_l</c>. Letters: B targets, F features, H hidden, L = 2·N layers, N blocks, K choices, R all choices.
/// </remarks>
public sealed class StaticRouters : IDisposable
{
    /// <summary>Weights within the folder.</summary>
    public const string WeightsName = "routers.safetensors";

    /// <summary>Choices and settings within the folder.</summary>
    public const string SettingsName = "routers.json";

    private const int SelectionTargets = 257;

    private readonly Dictionary<string, Parameter> parameters = [];

    /// <summary>Creates routers with small random weights: every choice is about equally likely.</summary>
    public StaticRouters(ElasticSpace space, StaticRouterSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(space);
        Space = space = space.Blockwise;
        Settings = (settings ?? new StaticRouterSettings()).Validated();
        Random random = Seeds.Stream(Settings.Seed, "routers");
        foreach ((string name, long[] shape) in Shapes(space, Settings))
        {
            double deviation = name == "input" ? 1 / Math.Sqrt(Features) : 0.1 / Math.Sqrt(Settings.HiddenSize);
            float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            if (!name.EndsWith("bias", StringComparison.Ordinal))
                for (int i = 0; i < values.Length; i++) values[i] = (float)(deviation * RouterNoise.Normal(random));
            parameters[name] = new Parameter(NativeTensor.Of(values, shape), requires_grad: true);
            parameters[name].DetachFromDisposeScope();
        }
    }

    /// <summary>The choices within the blocks; routers do not choose residual width and depth.</summary>
    public ElasticSpace Space { get; }

    /// <summary>Shape and seed.</summary>
    public StaticRouterSettings Settings { get; }

    /// <summary>What an optimiser trains.</summary>
    public IEnumerable<Parameter> Parameters => parameters.Values;

    /// <summary>The parameters with their names.</summary>
    internal IEnumerable<(string Name, Parameter Parameter)> Named() => parameters.Select(p => (p.Key, p.Value));

    private int Features => Settings.Bumps + 2;

    /// <summary>Unnormalised scores of every layer's choices; differentiable.</summary>
    /// <param name="targets_B">Normalised targets; beyond 0 … 1 they count as 0 or 1.</param>
    public (Tensor Attention_BNK, Tensor Mlp_BNK) Logits(Tensor targets_B)
    {
        ArgumentNullException.ThrowIfNull(targets_B);
        int blocks = Space.BlockCount;
        long batch = targets_B.size(0);
        Tensor hidden_LBH = functional.silu(Embed(targets_B, Settings.Bumps).matmul(parameters["input"])).view(batch, 2 * blocks, Settings.HiddenSize).transpose(0, 1);
        Tensor Head(string name, int first) =>
            (hidden_LBH.narrow(0, first, blocks).matmul(parameters[name]) + parameters[name + ".bias"]).transpose(0, 1);
        return (Head("attention", 0), Head("mlp", blocks));
    }

    /// <summary>Choice probabilities of every layer; differentiable.</summary>
    /// <param name="targets_B">Normalised targets.</param>
    /// <param name="temperature">Divides the logits; small values come near to one-hot.</param>
    public (Tensor Attention_BNK, Tensor Mlp_BNK) Probabilities(Tensor targets_B, double temperature = 1)
    {
        (Tensor attention, Tensor mlp) = Logits(targets_B);
        return (functional.softmax(attention / temperature, -1), functional.softmax(mlp / temperature, -1));
    }

    /// <summary>All choice probabilities as one vector per target, laid out as <see cref="ChoiceVector"/> says; differentiable.</summary>
    /// <returns>r_BR.</returns>
    public Tensor Choices(Tensor targets_B, double temperature = 1)
    {
        (Tensor attention, Tensor mlp) = Probabilities(targets_B, temperature);
        return cat([attention.flatten(1), mlp.flatten(1)], 1);
    }

    /// <summary>Logarithms of <see cref="Choices"/>, computed stably; differentiable.</summary>
    public Tensor LogChoices(Tensor targets_B, double temperature = 1)
    {
        (Tensor attention, Tensor mlp) = Logits(targets_B);
        return cat([functional.log_softmax(attention / temperature, -1).flatten(1), functional.log_softmax(mlp / temperature, -1).flatten(1)], 1);
    }

    /// <summary>The sub-network that the routers choose for a target: the most probable choice of every layer.</summary>
    /// <param name="normalisedTarget">0 for the smallest network's latency, 1 for the whole network's.</param>
    public SubNetwork Select(double normalisedTarget) => Select([normalisedTarget])[0];

    /// <summary>The same for many targets at once.</summary>
    public IReadOnlyList<SubNetwork> Select(IReadOnlyList<double> normalisedTargets) =>
        Rows(normalisedTargets, t => LogChoices(t)).Select(r => ChoiceVector.Selected(Space, r)).ToArray();

    /// <summary>
    /// A sub-network that costs no more than the target: of everything the routers choose along the whole range of targets, the costliest that
    /// fits. <see cref="Select(double)"/> may miss its target by a part of one choice; this never exceeds it, and the whole network's own cost gives the whole network.
    /// </summary>
    /// <param name="normalisedTarget">0 for the smallest network's latency, 1 for the whole network's.</param>
    /// <param name="costs">The costs that the routers were trained for.</param>
    /// <exception cref="FlextronException">The target is below the smallest network.</exception>
    public SubNetwork SelectWithin(double normalisedTarget, RoutingCosts costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        // Rounding in the target's normalisation must not shut out the network whose cost it is.
        double budget = costs.Target(normalisedTarget) + 1e-9 * costs.Full;
        IEnumerable<SubNetwork> candidates = Select(Enumerable.Range(0, SelectionTargets).Select(i => i / (SelectionTargets - 1.0)).ToArray());
        return candidates.Append(Space.Smallest).Append(Space.Largest).Where(n => costs.Hard(n, Space) <= budget).MaxBy(n => costs.Hard(n, Space))
            ?? throw new FlextronException(string.Create(
                CultureInfo.InvariantCulture, $"The budget {costs.Target(normalisedTarget):0.###} is below the smallest sub-network's cost {CostText.RoundedUp(costs.Smallest)}: give at least that."));
    }

    /// <summary>Choice probabilities as plain numbers.</summary>
    public IReadOnlyList<float[]> ChoiceRows(IReadOnlyList<double> normalisedTargets, double temperature = 1) =>
        Rows(normalisedTargets, t => Choices(t, temperature));

    /// <summary>Writes weights and settings into a folder.</summary>
    public void Save(string folder)
    {
        SafetensorsWriter.Write(Path.Combine(folder, WeightsName), parameters.Select(p => (p.Key, (Tensor)p.Value)));
        FlextronJson.WriteFile(Path.Combine(folder, SettingsName), new RouterFile(Space, Settings));
    }

    /// <summary>Reads routers back, bit for bit.</summary>
    /// <param name="folder">Where <see cref="Save"/> wrote.</param>
    /// <param name="space">The family's choices, which the routers must have been trained for.</param>
    /// <exception cref="FlextronException">Missing or damaged files, or routers of another family.</exception>
    public static StaticRouters Load(string folder, ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        string path = Path.Combine(folder, SettingsName);
        RouterFile file = FlextronJson.ReadFile<RouterFile>(path, "router file");
        if (file.Space is null || file.Settings is null || file.Space.KvGroups.IsDefaultOrEmpty || file.Space.Neurons.IsDefaultOrEmpty || !file.Space.Equals(space.Blockwise))
            throw new FlextronException($"{path} is for other choices than this family's: run `flextron route` again.");
        file.Settings.Validated();
        using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(folder, WeightsName));
        // Shapes are compared before anything is allocated, so a forged settings file cannot ask for more memory than the weights take.
        foreach ((string name, long[] shape) in Shapes(space, file.Settings))
            if (!weights.Entries.TryGetValue(name, out SafetensorsEntry? entry) || !entry.Shape.SequenceEqual(shape))
                throw new FlextronException($"{weights.Path} does not hold routers of the shape that {SettingsName} beside it describes: run `flextron route` again.");
        var routers = new StaticRouters(space, file.Settings);
        using (no_grad())
            foreach ((string name, Parameter parameter) in routers.parameters) weights.CopyTo(name, parameter);
        return routers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Parameter parameter in parameters.Values) parameter.Dispose();
    }

    internal static IEnumerable<(string Name, long[] Shape)> Shapes(ElasticSpace space, StaticRouterSettings settings)
    {
        long n = space.BlockCount, h = settings.HiddenSize;
        yield return ("input", [settings.Bumps + 2, 2 * n * h]);
        yield return ("attention", [n, h, space.KvGroups.Length]);
        yield return ("attention.bias", [n, 1, space.KvGroups.Length]);
        yield return ("mlp", [n, h, space.Neurons.Length]);
        yield return ("mlp.bias", [n, 1, space.Neurons.Length]);
    }

    /// <summary>φ(T): a constant, the target, and bumps along its range.</summary>
    internal static Tensor Embed(Tensor targets_B, int bumps)
    {
        Tensor t_B1 = targets_B.clamp(0, 1).unsqueeze(1);
        double spacing = 1.0 / (bumps - 1);
        Tensor centres_F = arange(bumps, dtype: t_B1.dtype) * spacing;
        return cat([ones_like(t_B1), t_B1, ((t_B1 - centres_F) / spacing).square().mul(-0.5).exp()], 1);
    }

    private static float[][] Rows(IReadOnlyList<double> targets, Func<Tensor, Tensor> compute)
    {
        ArgumentNullException.ThrowIfNull(targets);
        using SingleThread single = SingleThread.Enter();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows_BR = compute(NativeTensor.Of(targets.Select(t => (float)t).ToArray())).contiguous();
        return rows_BR.data<float>().ToArray().Chunk((int)rows_BR.size(1)).ToArray();
    }

    private sealed record RouterFile(ElasticSpace Space, StaticRouterSettings Settings);
}
