using System.Diagnostics;

namespace Flextron.Inference.Decoding;

/// <summary>Sums the time that a session spends in each part of the network: the fixed one (embedding, final norm, head) first, then attention and MLP of each block in turn.</summary>
internal sealed class PartClock
{
    private readonly long[] ticks;
    private long last;

    public PartClock(int blocks) => ticks = new long[1 + 2 * blocks];

    /// <summary>Time passes from now on.</summary>
    public void Start() => last = Stopwatch.GetTimestamp();

    /// <summary>What has passed since the last call was spent in this part.</summary>
    public void Stamp(int part)
    {
        long now = Stopwatch.GetTimestamp();
        ticks[part] += now - last;
        last = now;
    }

    /// <summary>Milliseconds by part since the last call, and begins again.</summary>
    public double[] Take()
    {
        double[] milliseconds = Array.ConvertAll(ticks, t => t * 1000.0 / Stopwatch.Frequency);
        Array.Clear(ticks);
        return milliseconds;
    }
}
