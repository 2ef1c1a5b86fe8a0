using Flextron.Data;

namespace Flextron.Inference;

/// <summary>Draws the next token from logits: temperature first, then the k most probable, then the nucleus of probability p.</summary>
/// <param name="settings">How; the seed decides the whole sequence of draws.</param>
public sealed class TokenSampler(GenerationSettings settings)
{
    private readonly Random random = Seeds.Stream(settings.Seed, "generation");

    /// <summary>Draws one id.</summary>
    /// <param name="logits_V">Logits of the next token.</param>
    /// <returns>An id; of equal greatest logits the first where the temperature is 0.</returns>
    public int Next(ReadOnlySpan<float> logits_V)
    {
        int best = 0;
        for (int i = 1; i < logits_V.Length; i++)
            if (logits_V[i] > logits_V[best]) best = i;
        if (settings.Temperature == 0) return best;

        double[] weights = new double[logits_V.Length];
        for (int i = 0; i < weights.Length; i++) weights[i] = Math.Exp((logits_V[i] - logits_V[best]) / settings.Temperature);
        int kept = settings.TopK > 0 ? Math.Min(settings.TopK, weights.Length) : weights.Length;
        int[] order = [.. Enumerable.Range(0, weights.Length)];
        if (kept < weights.Length || settings.TopP < 1)
        {
            // Stable, so that equal weights keep the order of their ids and draws repeat.
            order = [.. order.OrderByDescending(i => weights[i]).Take(kept)];
            kept = Nucleus(order, weights);
        }
        double total = 0;
        for (int i = 0; i < kept; i++) total += weights[order[i]];
        double u = random.NextDouble() * total;
        for (int i = 0; i < kept; i++)
        {
            u -= weights[order[i]];
            if (u < 0) return order[i];
        }
        return best;
    }

    private int Nucleus(int[] order, double[] weights)
    {
        if (settings.TopP >= 1) return order.Length;
        double target = settings.TopP * order.Sum(i => weights[i]), sum = 0;
        for (int i = 0; i < order.Length; i++)
        {
            sum += weights[order[i]];
            if (sum >= target) return i + 1;
        }
        return order.Length;
    }
}
