namespace Flextron.Data;

/// <summary>
/// Derives independent random streams from one seed and a counter, so that what happens at step n never depends on how step n was reached:
/// a resumed run draws the same numbers as an uninterrupted one.
/// </summary>
public static class Seeds
{
    /// <summary>A generator for one purpose at one step.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What it is for; different words give independent streams.</param>
    /// <param name="step">A counter.</param>
    public static Random Stream(long seed, string purpose, long step = 0) => new((int)(Mix(seed, purpose, step) & 0x7fffffff));

    /// <summary>A 64-bit value from the same inputs: SplitMix64 finaliser over an FNV-1a hash of the purpose.</summary>
    public static ulong Mix(long seed, string purpose, long step = 0)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        ulong h = 14695981039346656037UL;
        foreach (char c in purpose) h = (h ^ c) * 1099511628211UL;
        return Finalise(h ^ Finalise((ulong)seed + 0x9e3779b97f4a7c15UL) ^ Finalise((ulong)step * 0xd1342543de82ef95UL + 1));
    }

    internal static ulong Finalise(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }
}
