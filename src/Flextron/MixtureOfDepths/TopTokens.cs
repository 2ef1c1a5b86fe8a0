using Flextron.Data;

namespace Flextron.MixtureOfDepths;

/// <summary>
/// Expert choice: of every sequence the k tokens with the highest scores, exactly k, the earlier of equal ones. It looks at whole sequences, so it serves
/// training and measuring, not generation.
/// </summary>
public sealed class TopTokens : ITokenSelector
{
    private readonly MixtureSettings settings;
    private readonly long? seed;
    private long calls;

    private TopTokens(MixtureSettings settings, long? seed) => (this.settings, this.seed) = (settings, seed);

    /// <summary>By the routers' logits.</summary>
    public static TopTokens ByRouter(MixtureSettings settings) => new(settings, seed: null);

    /// <summary>By chance: the control that shows what the routers are worth. A block's update is still weighed by its router.</summary>
    /// <param name="settings">Capacity.</param>
    /// <param name="seed">Which draws; every call draws anew.</param>
    public static TopTokens AtRandom(MixtureSettings settings, long seed) => new(settings, seed);

    /// <inheritdoc/>
    public bool IsCausal => false;

    /// <inheritdoc/>
    public bool[] Select(RouterReading reading, int start)
    {
        ArgumentNullException.ThrowIfNull(reading);
        (int batch, int time, int k) = (reading.Batch, reading.Time, settings.Tokens(reading.Time));
        float[] scores = seed is { } s ? Drawn(Seeds.Stream(s, "random tokens", calls++), batch * time) : RouterReading.Values(reading.Logits_BT);
        bool[] selected = new bool[batch * time];
        float[] keys = new float[time];
        int[] order = new int[time];
        for (int b = 0; b < batch; b++)
        {
            for (int t = 0; t < time; t++) (keys[t], order[t]) = (scores[b * time + t], t);
            Array.Sort(order, (i, j) => keys[i] != keys[j] ? keys[j].CompareTo(keys[i]) : i.CompareTo(j));
            for (int i = 0; i < k; i++) selected[b * time + order[i]] = true;
        }
        return selected;
    }

    private static float[] Drawn(Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = random.NextSingle();
        return values;
    }
}
