using Flextron.MixtureOfDepths;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Tests.MixtureOfDepths;

/// <summary>
/// The definition, spelled out densely in float64: every block computes every token, a mask hides the keys of tokens that do not pass, and a factor of zero
/// or the router's weight stands before the update. Independent of the model's own forward pass.
/// </summary>
internal sealed class MaskedMixture(ModelConfig config, DecoderWeights weights, DepthRouters? routers = null)
{
    /// <summary>Whether rotary angles go by place among the passing tokens, the defect of some ports; for showing that tests see it.</summary>
    public bool CompactPositions { get; init; }

    /// <summary>Streams in front of each block, and behind the last.</summary>
    public List<Tensor> Streams { get; } = [];

    /// <summary>Streams between attention and MLP of each block.</summary>
    public List<Tensor> Middles { get; } = [];

    /// <summary>Logits [T, V] of one sequence.</summary>
    /// <param name="ids">Its ids.</param>
    /// <param name="selected">Which tokens pass a routed block, given the block and its router's logits.</param>
    /// <param name="network">Kept groups and neurons.</param>
    public Tensor Logits(long[] ids, Func<int, double[], bool[]> selected, SubNetwork? network = null)
    {
        Streams.Clear();
        Middles.Clear();
        Tensor x_TC = Wide(weights.Embedding_VC).index_select(0, tensor(ids));
        for (int i = 0; i < config.BlockCount; i++)
        {
            Streams.Add(x_TC);
            BlockShape shape = network?.Blocks[i] ?? new BlockShape(config.KvGroupCount, config.NeuronCount);
            if (shape == BlockShape.Skipped) continue;
            DepthRouter? router = routers?.Each.FirstOrDefault(r => r.Block == i);
            bool[] passes = new bool[ids.Length];
            Array.Fill(passes, true);
            Tensor factor_T1 = ones(ids.Length, 1, ScalarType.Float64);
            if (router is not null)
            {
                Tensor logits_T = x_TC.matmul(Wide(router.Weight_C));
                passes = selected(i, logits_T.data<double>().ToArray());
                Tensor weight_T = routers!.Settings.Gate == RouterGate.OnePlus ? logits_T + 1 : logits_T;
                factor_T1 = (weight_T * tensor(passes).to(ScalarType.Float64)).unsqueeze(1);
            }
            Tensor attention_TC = shape.KvGroups > 0 ? Attention(weights.Blocks[i], x_TC, passes, shape.KvGroups) : zeros_like(x_TC);
            Middles.Add(x_TC + attention_TC);
            Tensor mlp_TC = shape.Neurons > 0 ? Mlp(weights.Blocks[i], x_TC + attention_TC, shape.Neurons) : zeros_like(x_TC);
            x_TC = x_TC + factor_T1 * (attention_TC + mlp_TC);
        }
        Streams.Add(x_TC);
        return Norm(x_TC, weights.FinalNorm_C).matmul(Wide(weights.Head_VC).t());
    }

    private Tensor Attention(BlockWeights w, Tensor x_TC, bool[] passes, int groups)
    {
        (int time, int size, int perGroup) = (passes.Length, config.HeadSize, config.HeadsPerGroup);
        Tensor normed_TC = Norm(x_TC, w.AttentionNorm_C);
        int[] place = new int[time];
        for (int t = 0, at = 0; t < time; t++) place[t] = CompactPositions ? (passes[t] ? at++ : 0) : t;
        Tensor result_TC = zeros_like(x_TC);
        for (int head = 0; head < groups * perGroup; head++)
        {
            Tensor q_TH = Rotated(normed_TC.matmul(Rows(w.Query_QC, head, size).t()), place), k_TH = Rotated(normed_TC.matmul(Rows(w.Key_KC, head / perGroup, size).t()), place);
            Tensor v_TH = normed_TC.matmul(Rows(w.Value_KC, head / perGroup, size).t());
            Tensor scores_TT = q_TH.matmul(k_TH.t()) / Math.Sqrt(size);
            Tensor hidden_TT = ones(time, time, ScalarType.Bool).triu(1).logical_or(tensor(passes).logical_not().unsqueeze(0));
            // A token that does not pass may see nothing at all; whatever comes out is multiplied by zero.
            Tensor p_TT = functional.softmax(scores_TT.masked_fill(hidden_TT, -1e30), 1);
            result_TC = result_TC + p_TT.matmul(v_TH).matmul(Rows(w.Output_QC, head, size));
        }
        return result_TC;
    }

    private Tensor Mlp(BlockWeights w, Tensor x_TC, int neurons)
    {
        Tensor normed_TC = Norm(x_TC, w.MlpNorm_C);
        Tensor gate_TD = normed_TC.matmul(Wide(w.Gate_DC!).narrow(0, 0, neurons).t()), up_TD = normed_TC.matmul(Wide(w.Up_DC).narrow(0, 0, neurons).t());
        return (gate_TD * sigmoid(gate_TD) * up_TD).matmul(Wide(w.Down_DC).narrow(0, 0, neurons));
    }

    private Tensor Norm(Tensor x_TC, Tensor weight_C) => x_TC / (x_TC.square().mean([-1], keepdim: true) + config.NormEpsilon).sqrt() * Wide(weight_C);

    private Tensor Rotated(Tensor x_TH, int[] place)
    {
        int half = config.HeadSize / 2;
        double[] angles = [.. place.SelectMany(p => Enumerable.Range(0, half).Select(i => p * Math.Pow(config.RopeTheta, -2.0 * i / config.HeadSize)))];
        Tensor angle_TI = tensor(angles, [place.Length, half]);
        Tensor a = x_TH.narrow(1, 0, half), b = x_TH.narrow(1, half, half);
        return cat([a * angle_TI.cos() - b * angle_TI.sin(), b * angle_TI.cos() + a * angle_TI.sin()], 1);
    }

    private static Tensor Wide(Tensor tensor) => tensor.to(ScalarType.Float64);

    private static Tensor Rows(Tensor weight, int index, int size) => Wide(weight).narrow(0, (long)index * size, size);
}
