using System.Globalization;
using Flextron.Latency;

namespace Flextron.Cli.CommandLine;

/// <summary>How a latency table's check is reported, whatever the table is of.</summary>
internal static class HonestyJson
{
    /// <summary>As <c>heldOutError</c>.</summary>
    public static object Of(HonestyReport report) => new
    {
        median = report.MedianError, p95 = report.Error95, bias = report.Bias, spearman = report.Spearman, networks = report.Pairs.Count, slowdown = report.Slowdown,
        prefill = report.Prefill is { } prefill ? Of(prefill) : null, decode = report.Decode is { } decode ? Of(decode) : null,
    };

    /// <summary>As lines.</summary>
    /// <param name="writer">Where.</param>
    /// <param name="honesty">The check.</param>
    /// <param name="heldOut">What was held out, in the plural.</param>
    public static void Write(TextWriter writer, HonestyReport honesty, string heldOut)
    {
        foreach ((string what, HonestyReport? report) in ((string, HonestyReport?)[])[("whole workload", honesty), ("prompt alone", honesty.Prefill), ("decoding alone", honesty.Decode)])
        {
            if (report is null) continue;
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what}: off by {report.MedianError:0.0%} (median) and {report.Error95:0.0%} (95th percentile) on {report.Pairs.Count} held-out {heldOut}, rank correlation {report.Spearman:0.000}"));
        }
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the machine ran at {honesty.Slowdown:0.00} times the table's time during the check, by the whole network run in between"));
    }
}
