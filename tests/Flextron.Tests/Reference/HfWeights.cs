using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Reference;

/// <summary>A model's weights in the usual Hugging Face orientation ([out, in], row-major), in double.</summary>
internal sealed record HfWeights(double[] Embedding, HfBlock[] Blocks, double[] Norm, double[] Head)
{
    /// <summary>Puts them into the library's layout: output and down projections transposed.</summary>
    public DecoderWeights ToDecoderWeights(ModelConfig config)
    {
        int c = config.HiddenSize, q = config.HeadCount * config.HeadSize, d = config.NeuronCount;
        DecoderWeights weights = DecoderWeights.Allocate(config);
        Fill(weights.Embedding_VC, Embedding);
        foreach ((HfBlock from, BlockWeights to) in Blocks.Zip(weights.Blocks))
        {
            Fill(to.AttentionNorm_C, from.InputNorm);
            Fill(to.Query_QC, from.Q);
            Fill(to.Key_KC, from.K);
            Fill(to.Value_KC, from.V);
            Fill(to.Output_QC, Transposed(from.O, c, q));
            Fill(to.MlpNorm_C, from.PostNorm);
            Fill(to.Gate_DC!, from.Gate);
            Fill(to.Up_DC, from.Up);
            Fill(to.Down_DC, Transposed(from.Down, c, d));
        }
        Fill(weights.FinalNorm_C, Norm);
        if (!config.TiedEmbeddings) Fill(weights.Head_VC, Head);
        return weights;
    }

    /// <summary>Takes them out of the library's layout.</summary>
    public static HfWeights From(DecoderWeights weights)
    {
        ModelConfig config = weights.Config;
        int c = config.HiddenSize, q = config.HeadCount * config.HeadSize, d = config.NeuronCount;
        double[] embedding = Values(weights.Embedding_VC);
        HfBlock[] blocks = [.. weights.Blocks.Select(b => new HfBlock(
            Values(b.AttentionNorm_C), Values(b.Query_QC), Values(b.Key_KC), Values(b.Value_KC), Transposed(Values(b.Output_QC), q, c),
            Values(b.MlpNorm_C), Values(b.Gate_DC!), Values(b.Up_DC), Transposed(Values(b.Down_DC), d, c)))];
        return new HfWeights(embedding, blocks, Values(weights.FinalNorm_C), config.TiedEmbeddings ? embedding : Values(weights.Head_VC));
    }

    /// <summary>The transpose of a row-major [rows, columns] matrix.</summary>
    public static double[] Transposed(double[] matrix, int rows, int columns)
    {
        double[] result = new double[matrix.Length];
        for (int r = 0; r < rows; r++)
            for (int k = 0; k < columns; k++)
                result[k * rows + r] = matrix[r * columns + k];
        return result;
    }

    private static void Fill(Tensor target, double[] values)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        target.copy_(tensor(values, ScalarType.Float32).view(target.shape));
    }

    private static double[] Values(Tensor source)
    {
        using var scope = NewDisposeScope();
        return source.detach().cpu().to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }
}
