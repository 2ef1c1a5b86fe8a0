using System.Collections.Immutable;
using System.Text.Json.Serialization;
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
    /// <summary>Increase [frame], in the order of <see cref="ElasticSpace.Frames"/>: width and depth cut together, the kept blocks whole. Null where there is one frame.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Frames { get; init; }

    /// <summary>Measures all of them: blocks × (choices − 1) of both axes, every frame, and the whole network.</summary>
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
        ElasticFrame[] frames = [.. space.Frames];
        (int done, int total) = (0, space.BlockCount * (space.KvGroups.Length + space.Neurons.Length - 2) + frames.Length - 1);
        double Increase(SubNetwork network)
        {
            if (network.Equals(space.Largest)) return 0;
            cancellation.ThrowIfCancellationRequested();
            double increase = text.Of(model, network).Mean - full;
            progress?.Report(new StageProgress("loss sensitivities", ++done, total));
            return increase;
        }

        BlockShape whole = space.Largest.Blocks[0];
        var attention = new double[space.BlockCount][];
        var mlp = new double[space.BlockCount][];
        for (int b = 0; b < space.BlockCount; b++)
        {
            attention[b] = [.. space.KvGroups.Select(g => Increase(With(b, whole with { KvGroups = g })))];
            mlp[b] = [.. space.Neurons.Select(n => Increase(With(b, whole with { Neurons = n })))];
        }
        return new LossSensitivities(space, full, attention, mlp, text.WindowCount)
        {
            Frames = frames.Length == 1 ? null : [.. frames.Select(f => Increase(space.Within(f, _ => whole)))],
        };

        SubNetwork With(int block, BlockShape shape) => new(space.Largest.Blocks.SetItem(block, shape));
    }

    /// <summary>
    /// Predicted loss of a sub-network: the full loss plus its frame's increase plus every kept part's, interpolated between measured widths. Null
    /// where its residual width or the blocks and parts it skips were not measured.
    /// </summary>
    /// <exception cref="FlextronException">It has another number of blocks.</exception>
    public double? Predict(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        if (subNetwork.Blocks.Length != Space.BlockCount)
            throw new FlextronException($"The sub-network has {subNetwork.Blocks.Length} blocks but the loss sensitivities were measured on {Space.BlockCount}: measure them again.");
        if (FrameOf(subNetwork) is not { } found) return null;
        (double loss, ElasticFrame frame) = (FullLoss + found.Increase, found.Frame);
        for (int b = 0; b < Space.BlockCount; b++)
        {
            if (!Space.Keeps(frame.Depth, b)) continue;
            (int groups, int neurons) = (subNetwork.Blocks[b].KvGroups, subNetwork.Blocks[b].Neurons);
            // Skipping a part is not a narrow form of it: without a measurement there is nothing to interpolate from.
            if ((groups == 0 && Space.KvGroups[0] > 0) || (neurons == 0 && Space.Neurons[0] > 0)) return null;
            loss += At(Space.KvGroups, Attention[b], groups) + At(Space.Neurons, Mlp[b], neurons);
        }
        return loss;
    }

    // The deepest frame whose left-out blocks are skipped: a network that skips more may still be predicted by its parts.
    private (ElasticFrame Frame, double Increase)? FrameOf(SubNetwork network)
    {
        bool canSkip = Space.KvGroups[0] == 0 && Space.Neurons[0] == 0;
        foreach ((ElasticFrame frame, int i) in Space.Frames.Select((f, i) => (f, i)))
        {
            bool Fits(int block) => Space.Keeps(frame.Depth, block) ? canSkip || network.Blocks[block].IsKept : !network.Blocks[block].IsKept;
            if (frame.Width == network.Width && Enumerable.Range(0, Space.BlockCount).All(Fits)) return i == 0 ? (frame, 0) : Frames is null ? null : (frame, Frames[i]);
        }
        return null;
    }

    /// <summary>The same at full residual width and depth.</summary>
    public LossSensitivities Blockwise() => this with { Space = Space.Blockwise, Frames = null };

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

    /// <summary>The same over further widths between the measured ones, which are interpolated.</summary>
    /// <param name="refined">A space that has all of <see cref="Space"/>'s choices.</param>
    internal LossSensitivities On(ElasticSpace refined) => this with
    {
        Space = refined,
        Attention = [.. Attention.Select(r => (IReadOnlyList<double>)[.. refined.KvGroups.Select(g => At(Space.KvGroups, r, g))])],
        Mlp = [.. Mlp.Select(r => (IReadOnlyList<double>)[.. refined.Neurons.Select(n => At(Space.Neurons, r, n))])],
    };

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
        bool frames = read.Frames is null || (read.Frames.Count == space.Frames.Count() && read.Frames.All(double.IsFinite));
        if (!sameSpace || !frames || !double.IsFinite(read.FullLoss) || !Fits(read.Attention, space.KvGroups.Length) || !Fits(read.Mlp, space.Neurons.Length))
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
