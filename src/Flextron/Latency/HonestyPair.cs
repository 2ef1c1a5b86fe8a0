namespace Flextron.Latency;

/// <summary>One sub-network's predicted and measured latency.</summary>
/// <param name="Network">Its compact form, groups × neurons per block.</param>
/// <param name="PredictedMs">By the table.</param>
/// <param name="MeasuredMs">Median of whole runs, at the speed that the machine had when the table was made: see <see cref="HonestyReport.Slowdown"/>.</param>
public sealed record HonestyPair(string Network, double PredictedMs, double MeasuredMs)
{
    /// <summary>(predicted − measured) ÷ measured.</summary>
    public double RelativeError => (PredictedMs - MeasuredMs) / MeasuredMs;
}
