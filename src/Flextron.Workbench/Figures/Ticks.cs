using System.Globalization;

namespace Flextron.Workbench.Figures;

/// <summary>Round axis divisions: steps of 1, 2 or 5 times a power of ten, and 1-2-5 or decade marks on logarithmic axes.</summary>
public static class Ticks
{
    /// <summary>The smallest of 1, 2, 5 times a power of ten that is not below <paramref name="rough"/>.</summary>
    public static double RoundStep(double rough)
    {
        (int factor, int exponent) = Step(rough);
        return Scale(factor, exponent);
    }

    /// <summary>Multiples of a round step within [minimum, maximum], at most <paramref name="target"/> + 1 of them.</summary>
    public static IReadOnlyList<Tick> Linear(double minimum, double maximum, int target)
    {
        if (!(maximum > minimum)) return [new Tick(minimum, Label(minimum, 3))];
        (int factor, int exponent) = Step((maximum - minimum) / Math.Max(1, target));
        double step = Scale(factor, exponent);
        long first = (long)Math.Ceiling(minimum / step - 1e-9), last = (long)Math.Floor(maximum / step + 1e-9);
        double largest = Math.Max(Math.Abs(Scale(first * factor, exponent)), Math.Abs(Scale(last * factor, exponent)));
        var ticks = new List<Tick>();
        for (long i = first; i <= last; i++)
        {
            double value = Scale(i * factor, exponent);
            // One format for the whole axis: either plain with as many decimals as the step needs, or powers of ten.
            string label = largest is < 1e6 and >= 1e-4
                ? value.ToString("N" + Math.Max(0, -exponent), CultureInfo.InvariantCulture)
                : PowerOfTen(value);
            ticks.Add(new Tick(value, label.Replace('-', '−')));
        }
        return ticks;
    }

    /// <summary>
    /// Marks of a logarithmic axis within [minimum, maximum]: the richest of 1-2-5, 1-3, decades, every 2nd, 3rd, … decade that gives at most
    /// <paramref name="target"/> marks; linear steps where the range is so short that fewer than three would remain.
    /// </summary>
    public static IReadOnlyList<Tick> Logarithmic(double minimum, double maximum, int target)
    {
        int low = (int)Math.Floor(Math.Log10(minimum)) - 1, high = (int)Math.Ceiling(Math.Log10(maximum)) + 1;
        foreach ((int[] factors, int stride) in Choices())
        {
            var ticks = new List<Tick>();
            for (int e = low; e <= high; e++)
            {
                if (e % stride != 0) continue;
                foreach (int factor in factors)
                {
                    double value = Scale(factor, e);
                    if (value >= minimum * (1 - 1e-9) && value <= maximum * (1 + 1e-9)) ticks.Add(new Tick(value, Label(value, 1)));
                }
            }
            if (ticks.Count > target) continue;
            return ticks.Count >= 3 ? ticks : Linear(minimum, maximum, target);
        }
        return Linear(minimum, maximum, target);

        static IEnumerable<(int[] Factors, int Stride)> Choices()
        {
            yield return ([1, 2, 5], 1);
            yield return ([1, 3], 1);
            for (int stride = 1; stride <= 700; stride++) yield return ([1], stride);
        }
    }

    /// <summary>The unlabelled marks at 1 to 9 times each power of ten within [minimum, maximum].</summary>
    public static IReadOnlyList<double> LogarithmicMinor(double minimum, double maximum)
    {
        if (maximum / minimum > 1e6) return [];
        var marks = new List<double>();
        for (int e = (int)Math.Floor(Math.Log10(minimum)); e <= (int)Math.Ceiling(Math.Log10(maximum)); e++)
            for (int factor = 1; factor <= 9; factor++)
                if (Scale(factor, e) is var value && value >= minimum && value <= maximum) marks.Add(value);
        return marks;
    }

    private static (int Factor, int Exponent) Step(double rough)
    {
        if (!(rough > 0) || !double.IsFinite(rough)) return (1, 0);
        int exponent = (int)Math.Floor(Math.Log10(rough));
        double lead = rough / Math.Pow(10, exponent);
        return lead <= 1 + 1e-9 ? (1, exponent) : lead <= 2 + 1e-9 ? (2, exponent) : lead <= 5 + 1e-9 ? (5, exponent) : (1, exponent + 1);
    }

    // Dividing by an exact power of ten rounds once, so 3 × 0.1 reads 0.3 and not 0.30000000000000004.
    private static double Scale(long factor, int exponent) => exponent >= 0 ? factor * Math.Pow(10, exponent) : factor / Math.Pow(10, -exponent);

    private static string Label(double value, int digits) =>
        Math.Abs(value) is < 1e6 and >= 1e-3 or 0
            ? ((decimal)value).ToString("#,0." + new string('#', Math.Max(3, digits)), CultureInfo.InvariantCulture)
            : PowerOfTen(value);

    private static string PowerOfTen(double value)
    {
        if (value == 0) return "0";
        string[] parts = value.ToString("0.###e0", CultureInfo.InvariantCulture).Split('e');
        string power = "10" + string.Concat(parts[1].Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));
        return parts[0] == "1" ? power : $"{parts[0]}×{power}";
    }
}
