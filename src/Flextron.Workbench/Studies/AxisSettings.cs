using System.Collections.Immutable;
using Flextron.Elastic;
using Flextron.Models;

namespace Flextron.Workbench.Studies;

/// <summary>
/// What may be cut, and to which sizes. Lists hold numbers, or shares of the whole where below 1, so that one experiment suits models of several
/// shapes; the whole is always a choice.
/// </summary>
public sealed record AxisSettings
{
    // Rows stay aligned for vector units.
    private const int ChannelMultiple = 8;

    /// <summary>Most choices of key/value groups and of neurons, evenly spaced.</summary>
    public int Steps { get; init; } = 8;

    /// <summary>Neuron counts that come from shares are rounded up to a multiple of this.</summary>
    public int NeuronMultiple { get; init; } = 8;

    /// <summary>Choices of key/value groups in place of even steps.</summary>
    public IReadOnlyList<double>? KvGroups { get; init; }

    /// <summary>Choices of neurons in place of even steps.</summary>
    public IReadOnlyList<double>? Neurons { get; init; }

    /// <summary>Channels that the residual stream may be cut to, such as [0.5, 0.75]; shares are rounded up to a multiple of 8. Null: it is not cut.</summary>
    public IReadOnlyList<double>? Widths { get; init; }

    /// <summary>Numbers of blocks that may be kept, such as [0.5, 0.75]; the blocks are then ranked by leaving them out. Null: none is left out.</summary>
    public IReadOnlyList<double>? Depths { get; init; }

    /// <summary>Whether a block may skip its attention or its MLP.</summary>
    public bool SkipParts { get; init; }

    /// <summary>Windows of calibration text that blocks are ranked on, where <see cref="Depths"/> asks for it.</summary>
    public int DepthWindows { get; init; } = 16;

    /// <summary>Checks the numbers, as far as that needs no model.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public AxisSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Experiment settings: {what}.");
        }

        static void Choices(IReadOnlyList<double>? list, string name)
        {
            if (list is null) return;
            Require(list.Count > 0, $"elastic.{name} is an empty list, give sizes or leave it out");
            foreach (double size in list)
                Require(size is > 0 and < 1 || (size >= 1 && size == Math.Floor(size) && size <= int.MaxValue),
                    FormattableString.Invariant($"elastic.{name} holds {size}, give whole numbers, or shares between 0 and 1"));
        }

        Require(Steps >= 1, $"elastic.steps is {Steps}, give 1 or more");
        Require(NeuronMultiple >= 1, $"elastic.neuronMultiple is {NeuronMultiple}, give 1 or more");
        Require(DepthWindows >= 1, $"elastic.depthWindows is {DepthWindows}, give 1 or more");
        Choices(KvGroups, "kvGroups");
        Choices(Neurons, "neurons");
        Choices(Widths, "widths");
        Choices(Depths, "depths");
        return this;
    }

    /// <summary>The choices for a model, shares made numbers.</summary>
    public ElasticSettings For(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        static ImmutableArray<int>? Counts(IReadOnlyList<double>? sizes, int full, int multiple) =>
            sizes is null ? null : [.. sizes.Select(s => s < 1 ? ElasticSettings.CountOf(s, full, multiple) : (int)s)];

        return new ElasticSettings
        {
            Steps = Steps, NeuronMultiple = NeuronMultiple, SkipParts = SkipParts,
            KvGroups = Counts(KvGroups, config.KvGroupCount, 1), Neurons = Counts(Neurons, config.NeuronCount, NeuronMultiple),
            Widths = Counts(Widths, config.HiddenSize, ChannelMultiple), Depths = Counts(Depths, config.BlockCount, 1),
        };
    }
}
