using System.Text.Json.Serialization;
using Flextron.Mixers;

namespace Flextron.Models;

/// <summary>The shape of a decoder-only Transformer: everything that decides which tensors exist and what they mean.</summary>
/// <remarks>
/// Letters used in tensor names throughout: B batch, T time, V vocabulary, C hidden size, L query heads, G key/value groups,
/// H head size, Q = L·H, K = G·H, D MLP neurons.
/// </remarks>
public sealed record ModelConfig
{
    /// <summary>Checkpoint family, such as <c>llama</c>: how the model is written to disk.</summary>
    public required string Family { get; init; }

    /// <summary>What its blocks are made of; as in Llama by default.</summary>
    public DecoderArchitecture Architecture { get; init; } = DecoderArchitecture.Llama;

    /// <summary>V, the number of token ids.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>C, the width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>N, the number of blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>L, query heads per block.</summary>
    public required int HeadCount { get; init; }

    /// <summary>G, key/value groups per block; equal to <see cref="HeadCount"/> without grouped-query attention.</summary>
    public required int KvGroupCount { get; init; }

    /// <summary>H, the size of one head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>D, neurons of the MLP.</summary>
    public required int NeuronCount { get; init; }

    /// <summary>Longest sequence the model was trained for, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Epsilon inside the norms.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Base of the rotary position frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Whether the output head is the embedding matrix.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Beginning-of-sequence id, where there is one.</summary>
    public int? BosId { get; init; }

    /// <summary>End-of-sequence id, where there is one.</summary>
    public int? EosId { get; init; }

    /// <summary>Further ids that end a text, as chat models have one for the end of a turn; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TokenIdList? OtherEosIds { get; init; }

    /// <summary>What mixes tokens in each block; null: attention in all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MixerPattern? Mixers { get; init; }

    /// <summary>Which heads attend to an earlier block too; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SkipLayerAttention? SkipLayer { get; init; }

    /// <summary>Blocks whose tokens see everything before them although the architecture has a sliding window; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BlockPattern? UnwindowedBlocks { get; init; }

    /// <summary>Blocks that know nothing of positions although the architecture rotates (Kazemnejad et al., arXiv 2305.19466); null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BlockPattern? UnrotatedBlocks { get; init; }

    /// <summary>Whether a token ends a text.</summary>
    public bool IsEnd(int id) => id == EosId || (OtherEosIds is { } others && others.Ids.Contains(id));

    /// <summary>Whether every block attends, to its own keys and values alone.</summary>
    [JsonIgnore]
    public bool IsAttentionOnly => Mixers is null && SkipLayer is null;

    /// <summary>What mixes tokens in a block.</summary>
    public MixerKind Mixer(int block) => Mixers?[block] ?? MixerKind.Attention;

    /// <summary>Refuses models whose blocks do not all attend, to themselves alone.</summary>
    /// <param name="what">What works with attention only, as the beginning of a sentence.</param>
    /// <param name="wayOut">What to do instead.</param>
    /// <exception cref="FlextronException">Some block has a linear mixer, or skip-layer attention.</exception>
    internal void RequireAttention(string what, string wayOut)
    {
        if (Mixers is not null) throw new FlextronException($"{what} works with models that attend in every block, and the blocks of this one are {Mixers}: {wayOut}.");
        if (SkipLayer is not null) throw new FlextronException($"{what} works with models whose blocks attend to themselves alone, and this one has skip-layer attention: {wayOut}.");
    }

    /// <summary>The heads of a block's mixer where it keeps some groups.</summary>
    internal MixerShape MixerShape(int groups) => new(groups, HeadsPerGroup, HeadSize, NormEpsilon);

    /// <summary>Query heads that share one key/value head.</summary>
    [JsonIgnore]
    public int HeadsPerGroup => HeadCount / KvGroupCount;

    /// <summary>Refuses models in which a token does not see all tokens before it.</summary>
    /// <param name="what">What works with whole contexts only, as the beginning of a sentence.</param>
    /// <param name="wayOut">What to do instead.</param>
    /// <exception cref="FlextronException">Some block has a sliding window shorter than the context.</exception>
    internal void RequireWholeContext(string what, string wayOut)
    {
        if (!SeesWholeContext) throw new FlextronException($"{what} is not offered for models with a sliding window, here of {Architecture.SlidingWindow} tokens: {wayOut}.");
    }

    /// <summary>Elements of every query and key head that are rotated by position: 0 where positions are learned.</summary>
    [JsonIgnore]
    public int RotarySize => Architecture.LearnedPositions ? 0 : Architecture.RotarySize ?? HeadSize;

    /// <summary>Most tokens that one token sees in a block, itself included.</summary>
    public int VisibleTokens(int block) => Architecture.SlidingWindow is { } window && UnwindowedBlocks?[block] != true ? Math.Min(ContextLength, window) : ContextLength;

    /// <summary>Whether a token sees every token before it, in every block.</summary>
    [JsonIgnore]
    public bool SeesWholeContext => Enumerable.Range(0, BlockCount).All(b => VisibleTokens(b) == ContextLength);

    /// <summary>Checks that the numbers fit each other.</summary>
    /// <param name="source">Where they come from, for the message.</param>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">They contradict each other; the message says which.</exception>
    public ModelConfig Validated(string source)
    {
        void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"{source}: {what}.");
        }

        Require(VocabularySize is > 0 and <= 1 << 24, $"a vocabulary of {VocabularySize} ids is not possible");
        Require(HiddenSize is > 0 and <= 1 << 18, $"a hidden size of {HiddenSize} is not possible");
        Require(BlockCount is > 0 and <= 1 << 12, $"{BlockCount} blocks are not possible");
        Require(HeadCount is > 0 and <= 1 << 12 && KvGroupCount > 0, $"{HeadCount} heads with {KvGroupCount} key/value heads are not possible");
        Require(HeadCount % KvGroupCount == 0, $"{HeadCount} heads cannot share {KvGroupCount} key/value heads evenly");
        Require(HeadSize is > 0 and <= 1 << 12, $"a head size of {HeadSize} is not possible");
        Require(NeuronCount is > 0 and <= 1 << 22, $"{NeuronCount} neurons are not possible");
        Require(ContextLength is > 0 and <= 1 << 24, $"a context of {ContextLength} tokens is not possible");
        Require(NormEpsilon is > 0 and < 1 && double.IsFinite(NormEpsilon), $"a norm epsilon of {NormEpsilon} is not possible");
        Require(RopeTheta > 0 && double.IsFinite(RopeTheta), $"a rotary base of {RopeTheta} is not possible");
        Require(
            OtherEosIds is null || (EosId is not null && !OtherEosIds.Ids.IsDefaultOrEmpty && OtherEosIds.Ids.All(id => id >= 0 && id < VocabularySize)),
            $"further end-of-sequence ids {OtherEosIds} behind {EosId} are not possible with a vocabulary of {VocabularySize} ids");
        Require(Architecture is not null && Family is not null, "it does not say what its blocks are made of");
        Architecture!.Require(this, Require);
        bool IsPattern(BlockPattern? pattern) => pattern is null || (!pattern.Flags.IsDefault && pattern.Flags.Length == BlockCount);
        Require(IsPattern(UnwindowedBlocks) && IsPattern(UnrotatedBlocks), $"what it says of single blocks is not said of each of the {BlockCount}");
        Require(UnwindowedBlocks is null || Architecture.SlidingWindow is not null, "it has blocks without a sliding window and no window");
        Require(
            Mixers is null || (!Mixers.Kinds.IsDefault && Mixers.Kinds.Length == BlockCount && Mixers.Kinds.All(Enum.IsDefined)),
            $"its mixers are not one known kind for each of the {BlockCount} blocks");
        Require(
            SkipLayer is null || (Mixers is null && SkipLayer.Distance >= 1 && SkipLayer.Distance < BlockCount && SkipLayer.Groups >= 1 && SkipLayer.Groups <= KvGroupCount),
            $"skip-layer attention of {SkipLayer?.Groups} groups to {SkipLayer?.Distance} blocks before is not possible with {KvGroupCount} groups in {BlockCount} blocks that all attend");
        return this;
    }
}
