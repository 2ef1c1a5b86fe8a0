using System.Globalization;

namespace Flextron.Workbench.Display;

/// <summary>Durations and rates in words, the same on a terminal, in a log and in a report.</summary>
public static class ProgressText
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>A duration with the precision a reader wants: "0.42 s", "14.7 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".</summary>
    public static string Duration(TimeSpan duration)
    {
        double seconds = duration.TotalSeconds;
        if (seconds < 0.9995) return string.Create(Invariant, $"{seconds:0.00} s");
        if (seconds < 59.95) return string.Create(Invariant, $"{seconds:0.0} s");
        long whole = (long)Math.Round(seconds);
        if (whole < 3600) return string.Create(Invariant, $"{whole / 60} min {whole % 60:00} s");
        return whole < 86400
            ? string.Create(Invariant, $"{whole / 3600} h {whole % 3600 / 60:00} min")
            : string.Create(Invariant, $"{whole / 86400} d {whole % 86400 / 3600:00} h");
    }

    /// <summary>A rate: "1,250/s", "12.5/s", "3.20/s"; below one a second as the time of a unit: "4.0 s each".</summary>
    /// <param name="perSecond">Units a second, above 0.</param>
    public static string Rate(double perSecond) => perSecond switch
    {
        < 0.995 => $"{Duration(TimeSpan.FromSeconds(Math.Min(1 / perSecond, 1e9)))} each",
        < 9.995 => string.Create(Invariant, $"{perSecond:0.00}/s"),
        < 99.95 => string.Create(Invariant, $"{perSecond:0.0}/s"),
        _ => string.Create(Invariant, $"{perSecond:N0}/s"),
    };
}
