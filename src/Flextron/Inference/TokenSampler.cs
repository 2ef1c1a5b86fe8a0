using Flextron.Data;

namespace Flextron.Inference;

/// <summary>
/// Draws the next token from logits: repetition penalty first, then temperature, then the k most probable, then the nucleus of probability p.
/// Allocates at the first draw only.
/// </summary>
/// <param name="settings">How; the seed decides the whole sequence of draws.</param>
public sealed class TokenSampler(GenerationSettings settings)
{
    private readonly Random random = Seeds.Stream(settings.Seed, "generation");
    private double[] weights_V = [];
    private float[] penalised_V = [];
    private int[] heap_V = [], order_V = [];
    private bool[] seen_V = [];

    /// <summary>Notes a token of the text, which the repetition penalty then applies to.</summary>
    public void Observe(int id)
    {
        if (settings.RepetitionPenalty == 1) return;
        if (id >= seen_V.Length) Array.Resize(ref seen_V, Math.Max(id + 1, 2 * seen_V.Length));
        seen_V[id] = true;
    }

    /// <summary>Draws one id.</summary>
    /// <param name="logits_V">Logits of the next token.</param>
    /// <returns>An id; of equal greatest logits the first where the temperature is 0.</returns>
    /// <exception cref="FlextronException">The logits have no finite greatest, so that there is nothing to draw from.</exception>
    public int Next(ReadOnlySpan<float> logits_V)
    {
        if (settings.RepetitionPenalty != 1) logits_V = Penalised(logits_V);
        int best = 0;
        for (int i = 1; i < logits_V.Length; i++)
            if (logits_V[i] > logits_V[best]) best = i;
        if (!float.IsFinite(logits_V[best])) throw NotNumbers();
        if (settings.Temperature == 0) return best;

        if (weights_V.Length != logits_V.Length)
            (weights_V, heap_V, order_V) = (new double[logits_V.Length], new int[logits_V.Length], new int[logits_V.Length]);
        double total = 0;
        for (int i = 0; i < weights_V.Length; i++)
        {
            weights_V[i] = Math.Exp((logits_V[i] - logits_V[best]) / settings.Temperature);
            total += weights_V[i];
        }
        if (!double.IsFinite(total)) throw NotNumbers();
        int mostKept = settings.TopK > 0 ? Math.Min(settings.TopK, weights_V.Length) : weights_V.Length;
        if (mostKept == weights_V.Length && settings.TopP >= 1) return DrawFromAll(total, best);
        int kept = Order(mostKept, total);
        double u = random.NextDouble() * Sum(kept);
        for (int i = 0; i < kept; i++)
        {
            u -= weights_V[order_V[i]];
            if (u < 0) return order_V[i];
        }
        return best;
    }

    // Else a damaged model would seem to choose its first token for ever.
    private static FlextronException NotNumbers() =>
        new("The logits of the next token are not finite numbers: the model's weights are damaged or overflow; load it with --dtype float32, or from another checkpoint.");

    private int DrawFromAll(double total, int best)
    {
        double u = random.NextDouble() * total;
        for (int i = 0; i < weights_V.Length; i++)
        {
            u -= weights_V[i];
            if (u < 0) return i;
        }
        return best;
    }

    // Keskar et al., arXiv 1909.05858: what was there already gets less probable, whatever the sign of its logit.
    private float[] Penalised(ReadOnlySpan<float> logits_V)
    {
        if (penalised_V.Length != logits_V.Length) penalised_V = new float[logits_V.Length];
        logits_V.CopyTo(penalised_V);
        float penalty = (float)settings.RepetitionPenalty;
        for (int i = 0; i < Math.Min(seen_V.Length, penalised_V.Length); i++)
            if (seen_V[i]) penalised_V[i] = penalised_V[i] > 0 ? penalised_V[i] / penalty : penalised_V[i] * penalty;
        return penalised_V;
    }

    // Puts the ids to draw from into order_V, most probable first, of equal ones the lowest id first. A heap gives them one by one, so that
    // nothing is sorted that is not kept.
    private int Order(int mostKept, double total)
    {
        bool nucleus = settings.TopP < 1, all = mostKept == weights_V.Length;
        // Ids less probable than this, all together, have less than 1 − p: the nucleus is full before any of them.
        double least = nucleus && all ? (1 - settings.TopP) * total / weights_V.Length : 0;
        int count = 0;
        for (int i = 0; i < weights_V.Length; i++)
            if (weights_V[i] >= least) heap_V[count++] = i;
        for (int i = count / 2 - 1; i >= 0; i--) Sink(i, count);
        double sum = 0, target = nucleus && all ? settings.TopP * total : double.PositiveInfinity;
        int kept = 0;
        while (count > 0 && kept < mostKept && sum < target)
        {
            sum += weights_V[order_V[kept++] = heap_V[0]];
            heap_V[0] = heap_V[--count];
            Sink(0, count);
        }
        if (!nucleus || all) return kept;
        // The nucleus of the k most probable, by their own sum.
        (target, sum) = (settings.TopP * sum, 0);
        for (int i = 0; i < kept; i++)
        {
            sum += weights_V[order_V[i]];
            if (sum >= target) return i + 1;
        }
        return kept;
    }

    private double Sum(int kept)
    {
        double sum = 0;
        for (int i = 0; i < kept; i++) sum += weights_V[order_V[i]];
        return sum;
    }

    private void Sink(int at, int count)
    {
        for (int child; (child = 2 * at + 1) < count; at = child)
        {
            if (child + 1 < count && Before(heap_V[child + 1], heap_V[child])) child++;
            if (!Before(heap_V[child], heap_V[at])) return;
            (heap_V[at], heap_V[child]) = (heap_V[child], heap_V[at]);
        }
    }

    private bool Before(int a, int b) => weights_V[a] > weights_V[b] || (weights_V[a] == weights_V[b] && a < b);
}
