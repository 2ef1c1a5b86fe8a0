using Flextron.Models;

namespace Flextron.Tests.Reference;

/// <summary>
/// Llama read token by token from its definition, in plain loops and double precision, each token at widths of its own: the oracle for budgets that
/// change while a text is written. A token's key and value exist for the groups that it kept, and for no other.
/// </summary>
internal sealed class NaiveDecoder(ModelConfig config, HfWeights weights)
{
    private readonly List<(double[] Key, double[] Value)>[,] past = Lists(config);
    private int position;

    /// <summary>Reads a token.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="masks">What each block keeps for it.</param>
    /// <param name="width">Kept channels of the residual stream; all where null.</param>
    /// <param name="onPart">Sees the residual stream before each part: (block, true for attention, channels).</param>
    /// <returns>V logits.</returns>
    public double[] Step(int id, IReadOnlyList<NaiveMask> masks, int? width = null, Action<int, bool, double[]>? onPart = null)
    {
        int c = config.HiddenSize, kept = width ?? c, h = config.HeadSize;
        double[] x = weights.Embedding.AsSpan(id * c, kept).ToArray();
        for (int n = 0; n < config.BlockCount; n++)
        {
            HfBlock block = weights.Blocks[n];
            onPart?.Invoke(n, true, x);
            double[] normed = Norm(x, block.InputNorm);
            for (int group = 0; group < masks[n].KvGroups; group++)
            {
                double[] key = Rows(block.K, group * h, h, normed), value = Rows(block.V, group * h, h, normed);
                Rotate(key);
                past[n, group].Add((key, value));
            }
            double[] update = new double[kept];
            for (int head = 0; head < masks[n].KvGroups * config.HeadsPerGroup; head++)
            {
                double[] query = Rows(block.Q, head * h, h, normed);
                Rotate(query);
                double[] mixed = Attend(query, past[n, head / config.HeadsPerGroup]);
                for (int r = 0; r < kept; r++)
                    for (int i = 0; i < h; i++) update[r] += block.O[r * config.HeadCount * h + head * h + i] * mixed[i];
            }
            x = [.. x.Zip(update, (a, b) => a + b)];
            onPart?.Invoke(n, false, x);
            normed = Norm(x, block.PostNorm);
            double[] gate = Rows(block.Gate, 0, masks[n].Neurons, normed), up = Rows(block.Up, 0, masks[n].Neurons, normed);
            for (int r = 0; r < kept; r++)
                for (int i = 0; i < gate.Length; i++) x[r] += block.Down[r * config.NeuronCount + i] * gate[i] / (1 + Math.Exp(-gate[i])) * up[i];
        }
        position++;
        return Rows(weights.Head, 0, config.VocabularySize, Norm(x, weights.Norm));
    }

    private double[] Rows(double[] matrix, int first, int count, double[] x)
    {
        double[] result = new double[count];
        for (int r = 0; r < count; r++)
            for (int i = 0; i < x.Length; i++) result[r] += matrix[(first + r) * config.HiddenSize + i] * x[i];
        return result;
    }

    private double[] Norm(double[] x, double[] weight)
    {
        double scale = 1 / Math.Sqrt(x.Sum(a => a * a) / x.Length + config.NormEpsilon);
        return [.. x.Select((a, i) => a * scale * weight[i])];
    }

    private void Rotate(double[] head)
    {
        int half = head.Length / 2;
        for (int i = 0; i < half; i++)
        {
            (double sin, double cos) = Math.SinCos(position * Math.Pow(config.RopeTheta, -2.0 * i / head.Length));
            (head[i], head[i + half]) = (head[i] * cos - head[i + half] * sin, head[i + half] * cos + head[i] * sin);
        }
    }

    private static double[] Attend(double[] query, List<(double[] Key, double[] Value)> past)
    {
        double[] scores = [.. past.Select(p => p.Key.Zip(query, (a, b) => a * b).Sum() / Math.Sqrt(query.Length))];
        double greatest = scores.Max(), total = scores.Sum(s => Math.Exp(s - greatest));
        double[] mixed = new double[query.Length];
        for (int s = 0; s < scores.Length; s++)
            for (int i = 0; i < mixed.Length; i++) mixed[i] += Math.Exp(scores[s] - greatest) / total * past[s].Value[i];
        return mixed;
    }

    private static List<(double[] Key, double[] Value)>[,] Lists(ModelConfig config)
    {
        var lists = new List<(double[] Key, double[] Value)>[config.BlockCount, config.KvGroupCount];
        for (int n = 0; n < config.BlockCount; n++)
            for (int g = 0; g < config.KvGroupCount; g++) lists[n, g] = [];
        return lists;
    }
}
