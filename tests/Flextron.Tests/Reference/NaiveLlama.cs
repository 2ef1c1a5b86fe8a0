using Flextron.Models;

namespace Flextron.Tests.Reference;

/// <summary>
/// Llama from its definition, in plain loops and double precision, without anything of the library's model code: RMSNorm, rotate-half rotary positions,
/// causal grouped-query attention, SwiGLU. With masks it is the oracle for elastic slices: everything is computed, then what is not kept is set to zero; norms average over the kept channels.
/// </summary>
internal static class NaiveLlama
{
    /// <summary>Logits [T, V] for one sequence.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="weights">Weights in the usual orientation.</param>
    /// <param name="ids">T token ids.</param>
    /// <param name="masks">One per block, or null to keep everything.</param>
    /// <param name="width">Kept channels of the residual stream, or null to keep all.</param>
    public static double[,] Logits(ModelConfig config, HfWeights weights, IReadOnlyList<int> ids, IReadOnlyList<NaiveMask>? masks = null, int? width = null)
    {
        int time = ids.Count, c = config.HiddenSize, kept = width ?? c;
        double[][] x = [.. ids.Select(id => Masked(weights.Embedding.AsSpan(id * c, c).ToArray(), kept))];
        for (int n = 0; n < config.BlockCount; n++)
        {
            HfBlock block = weights.Blocks[n];
            NaiveMask mask = masks?[n] ?? new NaiveMask(config.KvGroupCount, config.NeuronCount);
            double[][] attended = Attention(config, block, [.. x.Select(r => RmsNorm(r, block.InputNorm, config.NormEpsilon, kept))], mask.KvGroups);
            for (int t = 0; t < time; t++) Add(x[t], Masked(attended[t], kept));
            for (int t = 0; t < time; t++) Add(x[t], Masked(Mlp(config, block, RmsNorm(x[t], block.PostNorm, config.NormEpsilon, kept), mask.Neurons), kept));
        }

        var logits = new double[time, config.VocabularySize];
        for (int t = 0; t < time; t++)
        {
            double[] row = MatrixVector(weights.Head, RmsNorm(x[t], weights.Norm, config.NormEpsilon, kept), config.VocabularySize);
            for (int v = 0; v < row.Length; v++) logits[t, v] = row[v];
        }
        return logits;
    }

    /// <summary>Mean of −log p(next token) over the T − 1 predictions within a sequence, in nats.</summary>
    public static double MeanNll(double[,] logits, IReadOnlyList<int> ids)
    {
        double sum = 0;
        for (int t = 0; t + 1 < ids.Count; t++)
        {
            double largest = double.NegativeInfinity, total = 0;
            for (int v = 0; v < logits.GetLength(1); v++) largest = Math.Max(largest, logits[t, v]);
            for (int v = 0; v < logits.GetLength(1); v++) total += Math.Exp(logits[t, v] - largest);
            sum += largest + Math.Log(total) - logits[t, ids[t + 1]];
        }
        return sum / (ids.Count - 1);
    }

    private static double[][] Attention(ModelConfig config, HfBlock block, double[][] x, int keptGroups)
    {
        int time = x.Length, h = config.HeadSize, heads = config.HeadCount, groups = config.KvGroupCount, perGroup = heads / groups;
        double[][] q = [.. x.Select(r => MatrixVector(block.Q, r, heads * h))];
        double[][] k = [.. x.Select(r => MatrixVector(block.K, r, groups * h))];
        double[][] v = [.. x.Select(r => MatrixVector(block.V, r, groups * h))];
        for (int t = 0; t < time; t++)
        {
            for (int head = 0; head < heads; head++) Rotate(q[t].AsSpan(head * h, h), t, config.RopeTheta);
            for (int group = 0; group < groups; group++) Rotate(k[t].AsSpan(group * h, h), t, config.RopeTheta);
        }

        double[][] result = new double[time][];
        for (int t = 0; t < time; t++)
        {
            double[] mixed = new double[heads * h];
            for (int head = 0; head < heads; head++)
            {
                int group = head / perGroup;
                double[] scores = new double[t + 1];
                for (int s = 0; s <= t; s++) scores[s] = Dot(q[t].AsSpan(head * h, h), k[s].AsSpan(group * h, h)) / Math.Sqrt(h);
                double largest = scores.Max(), total = scores.Sum(score => Math.Exp(score - largest));
                for (int s = 0; s <= t; s++)
                    for (int i = 0; i < h; i++)
                        mixed[head * h + i] += Math.Exp(scores[s] - largest) / total * v[s][group * h + i];
                if (group >= keptGroups) mixed.AsSpan(head * h, h).Clear();
            }
            result[t] = MatrixVector(block.O, mixed, config.HiddenSize);
        }
        return result;
    }

    // Element i turns with element i + H/2, by the angle position · θ^(−2i/H).
    private static void Rotate(Span<double> head, int position, double theta)
    {
        int half = head.Length / 2;
        for (int i = 0; i < half; i++)
        {
            double angle = position * Math.Pow(theta, -2.0 * i / head.Length), a = head[i], b = head[i + half];
            head[i] = a * Math.Cos(angle) - b * Math.Sin(angle);
            head[i + half] = b * Math.Cos(angle) + a * Math.Sin(angle);
        }
    }

    private static double[] Mlp(ModelConfig config, HfBlock block, double[] x, int keptNeurons)
    {
        double[] gate = MatrixVector(block.Gate, x, config.NeuronCount), up = MatrixVector(block.Up, x, config.NeuronCount);
        for (int i = 0; i < gate.Length; i++) gate[i] = i < keptNeurons ? gate[i] / (1 + Math.Exp(-gate[i])) * up[i] : 0;
        return MatrixVector(block.Down, gate, config.HiddenSize);
    }

    private static double[] RmsNorm(double[] x, double[] weight, double epsilon, int kept)
    {
        double scale = 1 / Math.Sqrt(x.Sum(a => a * a) / kept + epsilon);
        return [.. x.Select((a, i) => a * scale * weight[i])];
    }

    private static double[] Masked(double[] x, int kept)
    {
        Array.Clear(x, kept, x.Length - kept);
        return x;
    }

    private static double[] MatrixVector(double[] matrix, double[] x, int rows)
    {
        double[] result = new double[rows];
        for (int r = 0; r < rows; r++) result[r] = Dot(matrix.AsSpan(r * x.Length, x.Length), x);
        return result;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static void Add(double[] target, double[] values)
    {
        for (int i = 0; i < target.Length; i++) target[i] += values[i];
    }
}
