namespace Flextron.Workbench.Figures;

/// <summary>Chooses the range of an axis from the data: a little air around them, zero where areas are compared, given ends as they are.</summary>
internal static class AxisRange
{
    private const double Air = 0.045;

    public static (double Minimum, double Maximum) Of(Figure figure, bool x)
    {
        Axis axis = x ? figure.X : figure.Y;
        if (axis.Categories is { } names) return (-0.5, names.Count - 0.5);
        IEnumerable<double> values = Values(figure, x);
        if (figure.IdentityLine) values = values.Concat(Values(figure, !x));
        bool log = axis.IsLogarithmic;
        double[] usable = [.. values.Where(v => double.IsFinite(v) && (!log || v > 0))];
        bool zero = !log && (axis.IncludeZero || (!x && figure.Series.Any(s => s.NeedsZero)));
        if (zero) usable = [.. usable, 0];
        if (usable.Length == 0 || (zero && usable.Length == 1))
            throw new FlextronException($"Figure \"{figure.Title}\" has no finite value along \"{axis.Label}\"; check the measurement behind it.");
        double minimum = usable.Min(), maximum = usable.Max();
        if (log)
        {
            double air = Math.Max(Math.Pow(maximum / minimum, Air), 1.02);
            (minimum, maximum) = (minimum / air, maximum * air);
        }
        else
        {
            double span = maximum - minimum;
            double air = span > 0 ? span * Air : minimum == 0 ? 1 : Math.Abs(minimum) * 0.05;
            // Histograms end at their outer edges; areas stand on zero; nothing that is never negative gets a negative axis.
            bool edges = x && figure.Series.All(s => s is HistogramSeries);
            double low = edges || (zero && minimum == 0) ? minimum : minimum >= 0 ? Math.Max(0, minimum - air) : minimum - air;
            double high = edges || (zero && maximum == 0) ? maximum : maximum + air;
            (minimum, maximum) = (low, high);
        }
        minimum = axis.Minimum ?? minimum;
        maximum = axis.Maximum ?? maximum;
        if (!(maximum > minimum))
            throw new FlextronException($"Figure \"{figure.Title}\": no data lie within the given range of the axis \"{axis.Label}\"; widen it.");
        return (minimum, maximum);
    }

    private static IEnumerable<double> Values(Figure figure, bool x) =>
        figure.Series.SelectMany(s => s.Extent(x)).Concat(figure.ReferenceLines.Where(l => l.Vertical == x).Select(l => l.Value));
}
