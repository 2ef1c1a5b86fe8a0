using Flextron.Mixers;
using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Tests.Mixers;

/// <summary>The three mixers as their definitions, one token and one number after another, in double precision.</summary>
internal sealed class NaiveMixer(ModelConfig config, BlockWeights block)
{
    private readonly Dictionary<string, double[,]> w = block.Named().Where(n => n.Name is "query" or "key" or "value" or "output")
        .Concat(block.Mixer!.Named()).ToDictionary(n => n.Name, n => Matrix(n.Tensor));
    private readonly MixerKind kind = block.Mixer!.Kind;

    /// <summary>What the mixer adds for every token, given the normed stream.</summary>
    public double[][] Update(double[][] x)
    {
        int heads = config.HeadCount, groups = config.KvGroupCount, size = config.HeadSize, perGroup = heads / groups;
        double[][,] state = [.. Enumerable.Range(0, groups).Select(_ => new double[size, size])];
        double[][][] raw = [.. x.Select(token => new[] { Times("query", token), Times("key", token), Times("value", token) })];
        var updates = new List<double[]>();
        for (int t = 0; t < x.Length; t++)
        {
            double[] query = Stream(raw, 0, t), key = Stream(raw, 1, t), value = Stream(raw, 2, t), gate = [.. Times("gate", x[t]).Select(Silu)];
            if (kind == MixerKind.Retention) (query, key) = (Rotated(query, t), Rotated(key, t));
            double[] update = new double[config.HiddenSize];
            for (int g = 0; g < groups; g++)
            {
                double step = kind == MixerKind.StateSpace ? Softplus(Dot("step", g, x[t]) + w["stepBias"][g, 0]) : 1;
                for (int i = 0; i < size; i++)
                    for (int j = 0; j < size; j++)
                        state[g][i, j] = Decay(x[t], g, i, step) * state[g][i, j] + step / Math.Sqrt(size) * key[g * size + i] * value[g * size + j];
                for (int h = g * perGroup; h < (g + 1) * perGroup; h++)
                {
                    double[] head = [.. Enumerable.Range(0, size).Select(j => Enumerable.Range(0, size).Sum(i => query[h * size + i] * state[g][i, j]))];
                    if (kind == MixerKind.StateSpace) head = [.. head.Select((y, j) => (y + w["skip"][h, 0] * value[g * size + j]) * gate[h * size + j])];
                    double scale = 1 / Math.Sqrt(head.Sum(y => y * y) / size + config.NormEpsilon);
                    for (int j = 0; j < size; j++)
                    {
                        double y = head[j] * scale * w["norm"][h * size + j, 0] * (kind == MixerKind.StateSpace ? 1 : gate[h * size + j]);
                        for (int c = 0; c < update.Length; c++) update[c] += y * w["output"][h * size + j, c];
                    }
                }
            }
            updates.Add(update);
        }
        return [.. updates];
    }

    private double Decay(double[] x, int group, int channel, double step)
    {
        switch (kind)
        {
            case MixerKind.Retention:
                return Math.Exp(w["logDecay"][group, 0]);
            case MixerKind.StateSpace:
                return Math.Exp(-step * Math.Exp(w["logRate"][group, 0]));
            default:
                double[] low = Times("decayDown", x);
                int row = group * config.HeadSize + channel;
                double z = w["decayBias"][row, 0] + low.Select((v, r) => v * w["decayUp"][row, r]).Sum();
                return Math.Pow(1 / (1 + Math.Exp(-z)), 1.0 / 16);
        }
    }

    // The state-space mixer's filters see this token and the three before.
    private double[] Stream(double[][][] raw, int stream, int t)
    {
        if (kind != MixerKind.StateSpace) return raw[t][stream];
        double[,] filter = w[stream switch { 0 => "queryFilter", 1 => "keyFilter", _ => "valueFilter" }];
        return [.. Enumerable.Range(0, raw[t][stream].Length).Select(i => Silu(Enumerable.Range(0, 4).Sum(tap => t - 3 + tap < 0 ? 0 : filter[i, tap] * raw[t - 3 + tap][stream][i])))];
    }

    // The angles of the model's table, which holds float32.
    private double[] Rotated(double[] x, int position)
    {
        double[] y = [.. x];
        int size = config.HeadSize, half = size / 2;
        for (int at = 0; at < x.Length; at += size)
        {
            for (int i = 0; i < half; i++)
            {
                double angle = position * Math.Pow(config.RopeTheta, -2.0 * i / size), cos = (float)Math.Cos(angle), sin = (float)Math.Sin(angle);
                y[at + i] = x[at + i] * cos - x[at + half + i] * sin;
                y[at + half + i] = x[at + half + i] * cos + x[at + i] * sin;
            }
        }
        return y;
    }

    private double[] Times(string name, double[] x) => [.. Enumerable.Range(0, w[name].GetLength(0)).Select(r => Dot(name, r, x))];

    private double Dot(string name, int row, double[] x) => x.Select((v, c) => v * w[name][row, c]).Sum();

    private static double Silu(double x) => x / (1 + Math.Exp(-x));

    private static double Softplus(double x) => Math.Log(1 + Math.Exp(x));

    private static double[,] Matrix(Tensor tensor)
    {
        long columns = tensor.dim() > 1 ? tensor.size(1) : 1;
        double[] values = tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray();
        var matrix = new double[values.Length / columns, columns];
        for (int i = 0; i < values.Length; i++) matrix[i / columns, i % columns] = values[i];
        return matrix;
    }
}
