namespace Flextron.Planning;

/// <summary>The device that would take the attention of decode steps, and the link to it.</summary>
public sealed record OffloadSetting
{
    /// <summary>What the main device reads from its memory, GB/s.</summary>
    public required double LocalGBs { get; init; }

    /// <summary>What the attention device reads from its memory, GB/s.</summary>
    public required double RemoteGBs { get; init; }

    /// <summary>The link's throughput, GB/s.</summary>
    public required double LinkGBs { get; init; }

    /// <summary>Time that each message on the link takes besides, µs; two messages a block.</summary>
    public double LinkMicroseconds { get; init; } = 10;

    /// <summary>Batches in flight, so that one is on each device while another is on the link.</summary>
    public int Batches { get; init; } = 2;

    /// <summary>Memory of the main device for weights and cache, bytes.</summary>
    public double LocalBytes { get; init; } = double.PositiveInfinity;

    /// <summary>Memory of the attention device for the cache, bytes.</summary>
    public double RemoteBytes { get; init; } = double.PositiveInfinity;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public OffloadSetting Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Offloading settings: {what}.");
        }

        foreach ((string name, double value) in new[] { (nameof(LocalGBs), LocalGBs), (nameof(RemoteGBs), RemoteGBs), (nameof(LinkGBs), LinkGBs), (nameof(LocalBytes), LocalBytes), (nameof(RemoteBytes), RemoteBytes) })
            Require(value > 0, $"{name} is {value}, give a positive number");
        Require(LinkMicroseconds >= 0, $"LinkMicroseconds is {LinkMicroseconds}, give 0 or more");
        Require(Batches >= 1, $"Batches is {Batches}, give 1 or more");
        return this;
    }
}
