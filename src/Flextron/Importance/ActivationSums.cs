using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Importance;

/// <summary>
/// Everything that every score is made of, summed over tokens in float64, apart for each calibration subset: a window's sums are made first and
/// then added to its subset's, so that neither the batch's size nor its other windows matter.
/// </summary>
internal sealed class ActivationSums : IForwardObserver
{
    private readonly DecoderModel model;
    private readonly Tensor[] heads_SL, gates_SD, gated_SD;
    private readonly Tensor channels_SC;
    private Tensor? subset_B;

    public ActivationSums(DecoderModel model, int subsets)
    {
        this.model = model;
        ModelConfig config = model.Config;
        Tensor Zeros(int n) => zeros([subsets, n], ScalarType.Float64, model.Device);
        Tensor[] PerBlock(int n) => [.. Enumerable.Range(0, config.BlockCount).Select(_ => Zeros(n))];
        (heads_SL, gates_SD, gated_SD, channels_SC) = (PerBlock(config.HeadCount), PerBlock(config.NeuronCount), PerBlock(config.NeuronCount), Zeros(config.HiddenSize));
    }

    /// <summary>Says to which subset each window of the next forward pass belongs.</summary>
    public void Next(IEnumerable<long> subsets) => subset_B = tensor(subsets.ToArray()).to(model.Device);

    public void OnNorm(int block, Tensor normed_BTC) => Add(channels_SC, normed_BTC, 1);

    public void OnHeads(int block, Tensor heads_BTLH) => Add(heads_SL[block], heads_BTLH, 1, 3);

    public void OnNeurons(int block, Tensor gate_BTD, Tensor gated_BTD)
    {
        Add(gates_SD[block], gate_BTD, 1);
        Add(gated_SD[block], gated_BTD, 1);
    }

    /// <summary>[subset][block][head].</summary>
    public double[][][] Heads() => BySubset(heads_SL);

    /// <summary>[subset][channel].</summary>
    public double[][] Channels() => Rows(channels_SC);

    /// <summary>[subset][block][neuron].</summary>
    public double[][][] Neurons(NeuronMetric metric) => metric switch
    {
        NeuronMetric.PreActivation => BySubset(gates_SD),
        NeuronMetric.Contribution => BySubset([.. gated_SD.Select((sums, i) => sums * model.Weights.Blocks[i].Down_DC.to(ScalarType.Float64).square().sum([1]).sqrt())]),
        _ => BySubset(gated_SD),
    };

    private void Add(Tensor sums_SN, Tensor activations, params long[] summed)
    {
        using var scope = NewDisposeScope();
        sums_SN.index_add_(0, subset_B!, activations.abs().sum(summed, type: ScalarType.Float64), 1);
    }

    private static double[][][] BySubset(Tensor[] blocks_SN)
    {
        double[][][] byBlock = [.. blocks_SN.Select(Rows)];
        return [.. Enumerable.Range(0, byBlock[0].Length).Select(s => byBlock.Select(b => b[s]).ToArray())];
    }

    private static double[][] Rows(Tensor sums_SN)
    {
        using var scope = NewDisposeScope();
        return [.. sums_SN.cpu().contiguous().data<double>().ToArray().Chunk((int)sums_SN.size(1))];
    }
}
