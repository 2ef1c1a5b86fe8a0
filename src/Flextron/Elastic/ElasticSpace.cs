using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Flextron.Models;

namespace Flextron.Elastic;

/// <summary>
/// The legal sub-networks of a family: how many key/value groups and neurons every block may keep, and, where the family has these axes, how
/// many channels of the residual stream and how many blocks.
/// </summary>
/// <param name="KvGroups">Ascending choices; the last is the full number. A first choice of 0 lets blocks skip their attention.</param>
/// <param name="Neurons">Ascending choices; the last is the full number. A first choice of 0 lets blocks skip their MLP.</param>
/// <param name="BlockCount">Blocks that choose independently.</param>
public sealed record ElasticSpace(ImmutableArray<int> KvGroups, ImmutableArray<int> Neurons, int BlockCount)
{
    /// <summary>Ascending choices of kept channels; the last is the full width. Null: the residual stream is always whole.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<int>? Widths { get; init; }

    /// <summary>Ascending choices of the number of kept blocks; the last is all of them. Null: no block is left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<int>? Depths { get; init; }

    /// <summary>Block indices, the most needed first: a depth keeps the first ones. Present where <see cref="Depths"/> is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<int>? BlockRanking { get; init; }

    /// <summary>The space of a model with evenly spaced choices of groups and neurons.</summary>
    /// <param name="config">The model.</param>
    /// <param name="steps">Most choices per axis.</param>
    public static ElasticSpace For(ModelConfig config, int steps = 8) => For(config, new ElasticSettings { Steps = steps });

    /// <summary>The space of a model.</summary>
    /// <param name="config">The model.</param>
    /// <param name="settings">Which choices.</param>
    /// <param name="blockRanking">Block indices, the most needed first; needed where blocks may be left out.</param>
    /// <exception cref="FlextronException">A choice is beyond the model, or there is no ranking of the blocks.</exception>
    public static ElasticSpace For(ModelConfig config, ElasticSettings settings, IEnumerable<int>? blockRanking = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Steps < 1) throw new FlextronException($"An elastic space of {settings.Steps} steps is not possible: give 1 or more.");
        if (settings.NeuronMultiple < 1) throw new FlextronException($"Neurons in multiples of {settings.NeuronMultiple} are not possible: give 1 or more.");
        if (settings.Depths is not null && blockRanking is null)
            throw new FlextronException("Leaving blocks out needs their ranking, which this model does not have yet: run `flextron rank` with --depth.");
        ImmutableArray<int> Choices(ImmutableArray<int>? given, int full, int multiple, string what)
        {
            ImmutableArray<int> choices = given is { } some ? Given(some, full, what) : Even(full, settings.Steps, multiple);
            return settings.SkipParts && choices[0] > 0 ? choices.Insert(0, 0) : choices;
        }

        return new ElasticSpace(
            Choices(settings.KvGroups, config.KvGroupCount, 1, "key/value groups"),
            Choices(settings.Neurons, config.NeuronCount, settings.NeuronMultiple, "neurons"),
            config.BlockCount)
        {
            Widths = settings.Widths is { } widths ? Given(widths, config.HiddenSize, "channels of the residual stream") : null,
            Depths = settings.Depths is { } depths ? Given(depths, config.BlockCount, "blocks") : null,
            BlockRanking = settings.Depths is null ? null : [.. blockRanking!],
        }.ValidatedFor(config, "The elastic space");
    }

    /// <summary>The same choices within the blocks at full residual width and depth: what routers choose among.</summary>
    [JsonIgnore]
    public ElasticSpace Blockwise => Widths is null && Depths is null ? this : this with { Widths = null, Depths = null, BlockRanking = null };

    /// <summary>
    /// The same space with further numbers of neurons between its choices. Sub-networks are prefixes, so every width between two trained ones can be
    /// run: what lies between is how a budget is used up.
    /// </summary>
    /// <param name="multiple">Neurons in multiples of this; coarser where there would be more than about 64 choices.</param>
    public ElasticSpace Refined(int multiple)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        const int Most = 64;
        int full = Neurons[^1], least = Neurons.First(n => n > 0), step = Math.Max(1, (full / Most + multiple - 1) / multiple) * multiple;
        return this with { Neurons = [.. Neurons.Concat(Enumerable.Range(1, full / step).Select(i => i * step).Where(n => n > least)).Distinct().Order()] };
    }

    /// <summary>Every residual width with every depth, the widest first, then the deepest.</summary>
    [JsonIgnore]
    public IEnumerable<ElasticFrame> Frames =>
        from width in WidthChoices.Reverse()
        from depth in DepthChoices.Reverse()
        select new ElasticFrame(width, depth);

    /// <summary>Number of distinct sub-networks, those in which whole blocks are skipped by choice counted once for every depth.</summary>
    [JsonIgnore]
    public double Size => WidthChoices.Length * DepthChoices.Sum(d => Math.Pow((double)KvGroups.Length * Neurons.Length, d));

    /// <summary>The smallest sub-network, on every axis.</summary>
    [JsonIgnore]
    public SubNetwork Smallest => Uniform(0, 0, 0, 0);

    /// <summary>The whole network.</summary>
    [JsonIgnore]
    public SubNetwork Largest => Uniform(1);

    /// <summary>Every block at the choice nearest to a share of the full number of groups and neurons; whole width and depth.</summary>
    /// <param name="share">0 … 1, for both axes.</param>
    public SubNetwork Uniform(double share) => Uniform(share, share);

    /// <summary>Every kept block at the choices nearest to the shares.</summary>
    /// <param name="groupShare">Of the key/value groups.</param>
    /// <param name="neuronShare">Of the neurons.</param>
    /// <param name="widthShare">Of the residual channels.</param>
    /// <param name="depthShare">Of the blocks.</param>
    public SubNetwork Uniform(double groupShare, double neuronShare, double widthShare = 1, double depthShare = 1)
    {
        var shape = new BlockShape(Nearest(KvGroups, groupShare), Nearest(Neurons, neuronShare));
        int? width = Widths is { } widths && Nearest(widths, widthShare) is int nearest && nearest < widths[^1] ? nearest : null;
        return Within(new ElasticFrame(width, Nearest(DepthChoices, depthShare)), _ => shape);
    }

    /// <summary>Independent random choices for every block and axis.</summary>
    public SubNetwork Random(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return Within(RandomFrame(random), _ => RandomShape(random));
    }

    /// <summary>Random choices that are the same in every kept block.</summary>
    public SubNetwork RandomUniform(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        (ElasticFrame frame, BlockShape shape) = (RandomFrame(random), RandomShape(random));
        return Within(frame, _ => shape);
    }

    /// <summary>The sub-network of a frame: every kept block with its shape, the others skipped.</summary>
    /// <param name="frame">Width and depth.</param>
    /// <param name="shapeOf">The shape of a kept block; called in order.</param>
    public SubNetwork Within(ElasticFrame frame, Func<int, BlockShape> shapeOf)
    {
        ArgumentNullException.ThrowIfNull(shapeOf);
        return new SubNetwork(Enumerable.Range(0, BlockCount).Select(b => Keeps(frame.Depth, b) ? shapeOf(b) : BlockShape.Skipped), frame.Width);
    }

    /// <summary>Whether a depth keeps a block.</summary>
    public bool Keeps(int depth, int block) => depth == BlockCount || BlockRanking!.Value.AsSpan()[..depth].Contains(block);

    /// <summary>Whether a sub-network's width, depth and every block's choices are among the legal ones.</summary>
    public bool Contains(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        return FrameOf(subNetwork) is not null;
    }

    /// <summary>The frame in which a sub-network is legal, the deepest where there are several; null where it is not legal.</summary>
    public ElasticFrame? FrameOf(SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        if (subNetwork.Blocks.Length != BlockCount || !WidthChoices.Contains(subNetwork.Width)) return null;
        bool Legal(BlockShape b) => KvGroups.Contains(b.KvGroups) && Neurons.Contains(b.Neurons);
        foreach (int depth in DepthChoices.Reverse())
            if (Enumerable.Range(0, BlockCount).All(b => Keeps(depth, b) ? Legal(subNetwork.Blocks[b]) : subNetwork.Blocks[b] == BlockShape.Skipped))
                return new ElasticFrame(subNetwork.Width, depth);
        return null;
    }

    /// <summary>Checks that the space fits a model.</summary>
    /// <returns>This space.</returns>
    /// <exception cref="FlextronException">A width is beyond the model's, or the full width is not a choice.</exception>
    public ElasticSpace ValidatedFor(ModelConfig config, string source)
    {
        ArgumentNullException.ThrowIfNull(config);
        bool Fits(ImmutableArray<int> choices, int full, int least) =>
            !choices.IsDefaultOrEmpty && choices[0] >= least && choices[^1] == full && choices.Zip(choices.Skip(1)).All(p => p.First < p.Second);
        bool ranked = Depths is null || (BlockRanking is { IsDefault: false } ranking && ranking.Order().SequenceEqual(Enumerable.Range(0, BlockCount)));
        if (BlockCount != config.BlockCount || !Fits(KvGroups, config.KvGroupCount, 0) || !Fits(Neurons, config.NeuronCount, 0)
            || (Widths is { } widths && !Fits(widths, config.HiddenSize, 1)) || (Depths is { } depths && !Fits(depths, config.BlockCount, 1)) || !ranked)
            throw new FlextronException($"{source}: its elastic choices do not fit a model of {config.BlockCount} blocks, {config.KvGroupCount} key/value groups, {config.NeuronCount} neurons and {config.HiddenSize} channels; run `flextron elastify` again.");
        return this;
    }

    /// <inheritdoc/>
    public bool Equals(ElasticSpace? other)
    {
        static bool Same(ImmutableArray<int>? a, ImmutableArray<int>? b) => a is { } x ? b is { } y && x.SequenceEqual(y) : b is null;
        return other is not null && BlockCount == other.BlockCount && KvGroups.SequenceEqual(other.KvGroups) && Neurons.SequenceEqual(other.Neurons)
            && Same(Widths, other.Widths) && Same(Depths, other.Depths) && Same(BlockRanking, other.BlockRanking);
    }

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(BlockCount, KvGroups.Length, Neurons.Length, KvGroups[0], Neurons[0], Widths?.Length, Depths?.Length);

    // Null stands for the whole width, as in a sub-network.
    private ImmutableArray<int?> WidthChoices => Widths is { } widths ? [.. widths.Select(w => w == widths[^1] ? (int?)null : w)] : [null];

    private ImmutableArray<int> DepthChoices => Depths ?? [BlockCount];

    // Nothing is drawn where there is nothing to choose: without these axes the same seed draws the same networks as ever.
    private ElasticFrame RandomFrame(Random random)
    {
        (ImmutableArray<int?> widths, ImmutableArray<int> depths) = (WidthChoices, DepthChoices);
        int? width = widths.Length == 1 ? null : widths[random.Next(widths.Length)];
        return new ElasticFrame(width, depths.Length == 1 ? BlockCount : depths[random.Next(depths.Length)]);
    }

    private BlockShape RandomShape(Random random) => new(KvGroups[random.Next(KvGroups.Length)], Neurons[random.Next(Neurons.Length)]);

    private static ImmutableArray<int> Given(ImmutableArray<int> choices, int full, string what)
    {
        foreach (int choice in choices)
            if (choice < 1 || choice > full) throw new FlextronException($"{choice} {what} are not possible: choose 1 to {full}.");
        return [.. choices.Append(full).Distinct().Order()];
    }

    private static ImmutableArray<int> Even(int full, int steps, int multiple) =>
        [.. Enumerable.Range(1, steps).Select(i => Math.Min(full, ((int)Math.Ceiling(full * (double)i / steps) + multiple - 1) / multiple * multiple)).Distinct()];

    private static int Nearest(ImmutableArray<int> choices, double share) => choices.MinBy(c => Math.Abs(c - share * choices[^1]));
}
