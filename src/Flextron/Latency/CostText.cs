using System.Globalization;

namespace Flextron.Latency;

/// <summary>Costs as text that may be given back as a budget: rounded up, never to the nearest, so that what was printed of a network pays for it.</summary>
public static class CostText
{
    /// <summary>Six significant digits.</summary>
    /// <param name="cost">Not negative.</param>
    public static string RoundedUp(double cost) =>
        RoundedUp(cost, cost > 0 ? Math.Min(12, 5 - (int)Math.Floor(Math.Log10(cost))) : 0, "0.############");

    /// <summary>So many digits behind the point.</summary>
    /// <param name="cost">Not negative.</param>
    /// <param name="decimals">Negative ones round before the point.</param>
    /// <param name="format">Of the number; all of the decimals by default.</param>
    public static string RoundedUp(double cost, int decimals, string? format = null)
    {
        double step = Math.Pow(10, -decimals), rounded = Math.Ceiling(cost / step) * step;
        string Text(double value) => value.ToString(format ?? "F" + Math.Max(0, decimals).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        // Neither the division nor the text may lose what was rounded up.
        return double.Parse(Text(rounded), CultureInfo.InvariantCulture) >= cost ? Text(rounded) : Text(rounded + step);
    }
}
