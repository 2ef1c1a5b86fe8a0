using System.Text.Json.Serialization;
using Flextron.Models;

namespace Flextron.Latency;

/// <summary>What of a model's shape its latency depends on; weights, context limit and names do not matter.</summary>
/// <param name="Vocabulary">V.</param>
/// <param name="Hidden">C.</param>
/// <param name="Blocks">N.</param>
/// <param name="Heads">L.</param>
/// <param name="KvGroups">G.</param>
/// <param name="HeadSize">H.</param>
/// <param name="Neurons">D.</param>
public sealed record LatencyModelShape(int Vocabulary, int Hidden, int Blocks, int Heads, int KvGroups, int HeadSize, int Neurons)
{
    /// <summary>What the blocks are made of; null where that is the default.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DecoderArchitecture? Architecture { get; init; }

    /// <summary>Blocks without the architecture's sliding window; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BlockPattern? UnwindowedBlocks { get; init; }

    /// <summary>The numbers of a configuration.</summary>
    public static LatencyModelShape Of(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new LatencyModelShape(
            config.VocabularySize, config.HiddenSize, config.BlockCount, config.HeadCount, config.KvGroupCount, config.HeadSize, config.NeuronCount)
        {
            Architecture = config.Architecture == DecoderArchitecture.Llama ? null : config.Architecture,
            UnwindowedBlocks = config.UnwindowedBlocks,
        };
    }

    /// <summary>Compact form for messages.</summary>
    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Blocks} blocks × {Hidden}, {Heads}/{KvGroups} heads of {HeadSize}, {Neurons} neurons, {Vocabulary} ids");
}
