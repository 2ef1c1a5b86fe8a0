using Flextron.Elastic;

namespace Flextron.Routing;

/// <summary>Random numbers that routing needs, from explicit managed generators.</summary>
internal static class RouterNoise
{
    /// <summary>A standard normal number (Box and Muller).</summary>
    public static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>A standard Gumbel number.</summary>
    public static double Gumbel(Random random) => -Math.Log(-Math.Log(Math.Max(random.NextDouble(), 1e-300)));

    /// <summary>
    /// A Gumbel-softmax relaxation of a draw from independent layers: its largest entries are an exact sample of the probabilities
    /// (Gumbel-max), its other entries show how close they came (Maddison et al., arXiv 1611.00712; Jang et al., arXiv 1611.01144).
    /// </summary>
    /// <param name="space">The choices.</param>
    /// <param name="choices_R">Probabilities.</param>
    /// <param name="uniformShare">Share of a uniform draw mixed into every layer.</param>
    /// <param name="temperature">Of the relaxation.</param>
    /// <param name="random">Source of randomness.</param>
    public static float[] GumbelSoftmax(ElasticSpace space, ReadOnlySpan<float> choices_R, double uniformShare, double temperature, Random random)
    {
        float[] r = new float[choices_R.Length];
        int at = 0;
        foreach (int count in ChoiceVector.Layers(space))
        {
            double[] logits = new double[count];
            for (int k = 0; k < count; k++)
                logits[k] = (Math.Log(Math.Max((1 - uniformShare) * choices_R[at + k] + uniformShare / count, 1e-30)) + Gumbel(random)) / temperature;
            double highest = logits.Max(), sum = logits.Sum(l => Math.Exp(l - highest));
            for (int k = 0; k < count; k++) r[at + k] = (float)(Math.Exp(logits[k] - highest) / sum);
            at += count;
        }
        return r;
    }

    /// <summary>An exact sample of independent layers.</summary>
    public static int[] Sample(ElasticSpace space, ReadOnlySpan<float> choices_R, Random random)
    {
        var indices = new List<int>();
        int at = 0;
        foreach (int count in ChoiceVector.Layers(space))
        {
            double u = random.NextDouble(), sum = 0;
            int choice = 0;
            // Rounding may leave the sum a little under u: the last choice that has any probability is then the right one.
            for (int k = 0; k < count; k++)
            {
                if (choices_R[at + k] <= 0) continue;
                choice = k;
                sum += choices_R[at + k];
                if (u < sum) break;
            }
            indices.Add(choice);
            at += count;
        }
        return [.. indices];
    }
}
