using System.Collections.Immutable;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Storage;
using Flextron.Training;

namespace Flextron.Selection;

/// <summary>
/// How much the loss rises when one part of one block is narrowed and everything else stays whole. Added up they predict the loss of any
/// sub-network: the layer-separable model, whose exact optimum <see cref="Knapsack"/> finds.
/// </summary>
/// <param name="Space">Widths measured.</param>
/// <param name="FullLoss">Loss of the whole network, nats per token.</param>
/// <param name="Attention">Increase [block][choice] for key/value groups; 0 at full width.</param>
/// <param name="Mlp">Increase [block][choice] for neurons.</param>
/// <param name="Windows">Text windows they were measured on.</param>
public sealed record LossSensitivities(
    ElasticSpace Space, double FullLoss, IReadOnlyList<IReadOnlyList<double>> Attention, IReadOnlyList<IReadOnlyList<double>> Mlp, int Windows)
{
    /// <summary>Measures all of them: blocks × (widths − 1) of both axes, and the whole network.</summary>
    /// <param name="model">The elastic model.</param>
    /// <param name="space">Its widths.</param>
    /// <param name="text">Calibration or held-out windows, the same for every measurement.</param>
    /// <param name="progress">Reports measurements.</param>
    /// <param name="cancellation">Stops between measurements.</param>
    public static LossSensitivities Measure(
        DecoderModel model, ElasticSpace space, HeldOutLoss text, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(text);
        space.ValidatedFor(model.Config, "Measuring loss sensitivities");
        double full = text.Of(model, space.Largest).Mean;
        (int done, int total) = (0, space.BlockCount * (space.KvGroups.Length + space.Neurons.Length - 2));
        double Increase(int block, BlockShape shape)
        {
            if (shape == space.Largest.Blocks[block]) return 0;
            cancellation.ThrowIfCancellationRequested();
            double increase = text.Of(model, new SubNetwork(space.Largest.Blocks.SetItem(block, shape))).Mean - full;
            progress?.Report(new StageProgress("loss sensitivities", ++done, total));
            return increase;
        }

        BlockShape whole = space.Largest.Blocks[0];
        var attention = new double[space.BlockCount][];
        var mlp = new double[space.BlockCount][];
        for (int b = 0; b < space.BlockCount; b++)
        {
            attention[b] = [.. space.KvGroups.Select(g => Increase(b, whole with { KvGroups = g }))];
            mlp[b] = [.. space.Neurons.Select(n => Increase(b, whole with { Neurons = n }))];
        }
        return new LossSensitivities(space, full, attention, mlp, text.WindowCount);
    }

    /// <summary>Predicted loss of a sub-network: the full loss plus every part's increase, interpolated between measured widths.</summary>
    public double Predict(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        if (subNetwork.Blocks.Length != Space.BlockCount)
            throw new FlextronException($"The sub-network has {subNetwork.Blocks.Length} blocks but the loss sensitivities were measured on {Space.BlockCount}: measure them again.");
        double loss = FullLoss;
        for (int b = 0; b < Space.BlockCount; b++)
            loss += At(Space.KvGroups, Attention[b], subNetwork.Blocks[b].KvGroups) + At(Space.Neurons, Mlp[b], subNetwork.Blocks[b].Neurons);
        return loss;
    }

    /// <summary>The same with noise repaired: a wider part never predicts more loss than a narrower one.</summary>
    public LossSensitivities Monotone()
    {
        static double[] Repair(IReadOnlyList<double> increases)
        {
            double[] falling = Latency.IsotonicRegression.NonDecreasing([.. increases.Select(x => -x)]);
            return [.. falling.Select(x => -x - -falling[^1])];
        }
        return this with { Attention = [.. Attention.Select(Repair)], Mlp = [.. Mlp.Select(Repair)] };
    }

    /// <summary>Writes them as JSON.</summary>
    public void Save(string path) => FlextronJson.WriteFile(path, this);

    /// <summary>Reads them and checks that they fit a space.</summary>
    /// <exception cref="FlextronException">Missing, damaged, or measured for other choices.</exception>
    public static LossSensitivities Load(string path, ElasticSpace space)
    {
        LossSensitivities read = FlextronJson.ReadFile<LossSensitivities>(path, "file of loss sensitivities");
        bool Fits(IReadOnlyList<IReadOnlyList<double>>? rows, int choices) =>
            rows?.Count == space.BlockCount && rows.All(r => r?.Count == choices && r.All(double.IsFinite));
        bool sameSpace = read.Space is { KvGroups.IsDefaultOrEmpty: false, Neurons.IsDefaultOrEmpty: false } && read.Space.Equals(space);
        if (!sameSpace || !double.IsFinite(read.FullLoss) || !Fits(read.Attention, space.KvGroups.Length) || !Fits(read.Mlp, space.Neurons.Length))
            throw new FlextronException($"{path} was not measured for this model's elastic choices: measure the loss sensitivities again.");
        return read;
    }

    private static double At(ImmutableArray<int> widths, IReadOnlyList<double> increases, int width)
    {
        int next = 0;
        while (next < widths.Length - 1 && widths[next] < width) next++;
        if (next == 0 || widths[next] <= width) return increases[next];
        double share = (double)(width - widths[next - 1]) / (widths[next] - widths[next - 1]);
        return increases[next - 1] + share * (increases[next] - increases[next - 1]);
    }
}
