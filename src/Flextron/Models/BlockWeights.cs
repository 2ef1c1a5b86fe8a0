using System.Text.Json;
using Flextron.Mixers;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// One block's tensors, laid out so that the elastic axis comes first everywhere: a sub-network's slice is a contiguous prefix of rows.
/// The output projection and the MLP's down projection are therefore stored transposed with respect to the usual checkpoints. What an architecture
/// does not have is null.
/// </summary>
public sealed class BlockWeights
{
    private static readonly string[] Names = [.. Enum.GetNames<BlockTensor>().Select(JsonNamingPolicy.CamelCase.ConvertName)];
    private readonly Tensor?[] tensors = new Tensor?[Names.Length];

    private BlockWeights()
    {
    }

    /// <summary>Norm weight before attention.</summary>
    public Tensor AttentionNorm_C => Of(BlockTensor.AttentionNorm);

    /// <summary>Norm bias before attention.</summary>
    public Tensor? AttentionNormBias_C => Find(BlockTensor.AttentionNormBias);

    /// <summary>Query projection, rows ordered by head; heads of one key/value group stand together.</summary>
    public Tensor Query_QC => Of(BlockTensor.Query);

    /// <summary>Its bias.</summary>
    public Tensor? QueryBias_Q => Find(BlockTensor.QueryBias);

    /// <summary>Weight of the norm on every query head.</summary>
    public Tensor? QueryNorm_H => Find(BlockTensor.QueryNorm);

    /// <summary>Key projection, rows ordered by group. Rotary pairs are (i, i + R/2) of the first R elements: the rotate-half layout.</summary>
    public Tensor Key_KC => Of(BlockTensor.Key);

    /// <summary>Its bias.</summary>
    public Tensor? KeyBias_K => Find(BlockTensor.KeyBias);

    /// <summary>Weight of the norm on every key head.</summary>
    public Tensor? KeyNorm_H => Find(BlockTensor.KeyNorm);

    /// <summary>Value projection, rows ordered by group.</summary>
    public Tensor Value_KC => Of(BlockTensor.Value);

    /// <summary>Its bias.</summary>
    public Tensor? ValueBias_K => Find(BlockTensor.ValueBias);

    /// <summary>Transposed output projection: row r is what element r of the concatenated heads adds to the residual.</summary>
    public Tensor Output_QC => Of(BlockTensor.Output);

    /// <summary>What attention adds to the residual whatever its heads say.</summary>
    public Tensor? OutputBias_C => Find(BlockTensor.OutputBias);

    /// <summary>Norm weight before the MLP.</summary>
    public Tensor MlpNorm_C => Of(BlockTensor.MlpNorm);

    /// <summary>Norm bias before the MLP.</summary>
    public Tensor? MlpNormBias_C => Find(BlockTensor.MlpNormBias);

    /// <summary>Gate projection of a gated MLP.</summary>
    public Tensor? Gate_DC => Find(BlockTensor.Gate);

    /// <summary>Its bias.</summary>
    public Tensor? GateBias_D => Find(BlockTensor.GateBias);

    /// <summary>Up projection: of an MLP without gates what its non-linearity is applied to.</summary>
    public Tensor Up_DC => Of(BlockTensor.Up);

    /// <summary>Its bias.</summary>
    public Tensor? UpBias_D => Find(BlockTensor.UpBias);

    /// <summary>Transposed down projection: row r is what neuron r adds to the residual.</summary>
    public Tensor Down_DC => Of(BlockTensor.Down);

    /// <summary>What the MLP adds to the residual whatever its neurons say.</summary>
    public Tensor? DownBias_C => Find(BlockTensor.DownBias);

    /// <summary>What a linear mixer in attention's place has beyond the four projections; null where the block attends.</summary>
    public MixerWeights? Mixer { get; private set; }

    /// <summary>The tensors with their short names, in storage order.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Named() => Each().Select(t => (Names[(int)t.Kind], t.Tensor))
        .Concat(Mixer is null ? [] : Mixer.Named().Select(t => ($"mixer.{t.Name}", t.Tensor)));

    /// <summary>Makes the tensors that an architecture has, in storage order.</summary>
    internal static BlockWeights Create(DecoderArchitecture architecture, Func<BlockTensor, Tensor> make, Func<MixerWeights>? makeMixer)
    {
        var result = new BlockWeights();
        foreach (BlockTensor kind in BlockLayout.Of(architecture)) result.tensors[(int)kind] = make(kind);
        result.Mixer = makeMixer?.Invoke();
        return result;
    }

    /// <summary>The tensors with their kinds, in storage order; without a mixer's own.</summary>
    internal IEnumerable<(BlockTensor Kind, Tensor Tensor)> Each()
    {
        for (int i = 0; i < tensors.Length; i++)
            if (tensors[i] is { } tensor) yield return ((BlockTensor)i, tensor);
    }

    internal Tensor Of(BlockTensor kind) => tensors[(int)kind] ?? throw new InvalidOperationException($"This architecture has no {Names[(int)kind]}.");

    private Tensor? Find(BlockTensor kind) => tensors[(int)kind];
}
