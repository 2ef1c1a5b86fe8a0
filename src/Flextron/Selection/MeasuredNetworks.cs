using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Storage;
using Flextron.Training;

namespace Flextron.Selection;

/// <summary>
/// Losses of some sub-networks, measured on text that the routers did not learn from and that no result is reported on. They decide between what a router proposes
/// and plainer choices, so that a router is followed only where it is worth it.
/// </summary>
/// <param name="Networks">Each distinct network with its loss, nats per token.</param>
/// <param name="Windows">Text windows they were measured on.</param>
public sealed record MeasuredNetworks(IReadOnlyList<MeasuredNetwork> Networks, int Windows)
{
    // Of the uniform networks that fit a target only those with the least predicted losses are worth a measurement.
    private const int UniformsPerTarget = 4;

    /// <summary>Measures what a router chooses at several targets, repaired, and the most promising uniform networks within them.</summary>
    /// <param name="model">The elastic model.</param>
    /// <param name="selector">Knows its losses by part and its latency table.</param>
    /// <param name="router">Proposes for a target between 0 (the smallest network's latency) and 1 (the whole one's).</param>
    /// <param name="text">Windows apart from those that the router learned from.</param>
    /// <param name="targets">Normalised targets.</param>
    /// <param name="progress">Reports networks.</param>
    /// <param name="cancellation">Stops between networks.</param>
    /// <exception cref="FlextronException">The selector has no latency table or no sensitivities.</exception>
    public static MeasuredNetworks Measure(
        DecoderModel model, NetworkSelector selector, Func<double, SubNetwork> router, HeldOutLoss text, IReadOnlyList<double> targets,
        IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(selector);
        ArgumentNullException.ThrowIfNull(router);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(targets);
        if (selector.Latency is not { } cost || selector.Sensitivities is not { } losses)
            throw new FlextronException("Measuring what routers choose needs a latency table and loss sensitivities: measure those first.");
        ElasticSpace space = selector.Space.Blockwise;
        (double least, double full) = (cost.Cost(space.Smallest), cost.Cost(space.Largest));
        SubNetwork[] networks = [.. targets.SelectMany(share =>
        {
            double target = share >= 1 ? full : least + share * (full - least);
            return selector.Uniforms(target, cost).OrderBy(n => losses.Predict(n)).Take(UniformsPerTarget).Prepend(selector.Select(target, cost, router(share)).SubNetwork);
        }).Distinct()];
        var measured = new List<MeasuredNetwork>();
        foreach (SubNetwork network in networks)
        {
            cancellation.ThrowIfCancellationRequested();
            measured.Add(new MeasuredNetwork(network, text.Of(model, network).Mean));
            progress?.Report(new StageProgress("measuring the routers' choices", measured.Count, networks.Length));
        }
        return new MeasuredNetworks(measured, text.WindowCount);
    }

    /// <summary>Loss of a network: the layer-separable prediction, corrected by what it misses at the nearest measured network; exact for measured ones.</summary>
    /// <param name="losses">The prediction.</param>
    /// <param name="network">The network.</param>
    /// <returns>Nats per token, or null where the prediction knows nothing of it.</returns>
    public double? Estimate(LossSensitivities losses, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(losses);
        ArgumentNullException.ThrowIfNull(network);
        if (losses.Predict(network) is not { } predicted) return null;
        MeasuredNetwork? nearest = Networks.MinBy(m => Distance(losses.Space, m.Network, network));
        return nearest is null ? predicted : predicted + (nearest.Loss - losses.Predict(nearest.Network)) ?? predicted;
    }

    /// <summary>Writes them as JSON.</summary>
    public void Save(string path) => FlextronJson.WriteFile(path, this);

    /// <summary>Reads them and checks that they fit a space.</summary>
    /// <exception cref="FlextronException">Missing, damaged, or of another model.</exception>
    public static MeasuredNetworks Load(string path, ElasticSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        MeasuredNetworks read = FlextronJson.ReadFile<MeasuredNetworks>(path, "file of measured networks");
        bool Fits(MeasuredNetwork? m) => m?.Network is { } n && double.IsFinite(m.Loss) && n.Blocks.Length == space.BlockCount
            && n.Blocks.All(b => b.KvGroups >= 0 && b.KvGroups <= space.KvGroups[^1] && b.Neurons >= 0 && b.Neurons <= space.Neurons[^1]);
        return read.Networks is { } networks && networks.All(Fits) ? read
            : throw new FlextronException($"{path} was not measured for this model: run `flextron route` again.");
    }

    private static double Distance(ElasticSpace space, SubNetwork a, SubNetwork b) => (a.Width == b.Width ? 0 : space.BlockCount) + a.Blocks.Zip(b.Blocks,
        (x, y) => Math.Abs(x.KvGroups - y.KvGroups) / (double)space.KvGroups[^1] + Math.Abs(x.Neurons - y.Neurons) / (double)space.Neurons[^1]).Sum();
}
