namespace Flextron.Latency;

/// <summary>The non-decreasing sequence nearest to a given one in least squares, by pooling adjacent violators (Ayer et al. 1955).</summary>
public static class IsotonicRegression
{
    /// <summary>Fits.</summary>
    /// <param name="values">In the order in which they should not fall.</param>
    /// <returns>As many values, non-decreasing; runs that fell are replaced by their mean.</returns>
    public static double[] NonDecreasing(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var pools = new List<(double Sum, int Count)>();
        foreach (double value in values)
        {
            (double sum, int count) = (value, 1);
            while (pools.Count > 0 && pools[^1].Sum / pools[^1].Count > sum / count)
            {
                sum += pools[^1].Sum;
                count += pools[^1].Count;
                pools.RemoveAt(pools.Count - 1);
            }
            pools.Add((sum, count));
        }
        return [.. pools.SelectMany(p => Enumerable.Repeat(p.Sum / p.Count, p.Count))];
    }
}
